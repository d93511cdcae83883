
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'fallgate' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'fallgate'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'fallgate' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('map', 'map', [CompletionResultType]::ParameterValue, 'List every allowed connection')
            [CompletionResult]::new('can', 'can', [CompletionResultType]::ParameterValue, 'Say whether one endpoint may reach another, and which rules decide')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Show how an answer comes about, and for a denial the edit that would admit it')
            [CompletionResult]::new('exposure', 'exposure', [CompletionResultType]::ParameterValue, 'List what pods that do not exist yet, and the outside, could reach')
            [CompletionResult]::new('blast', 'blast', [CompletionResultType]::ParameterValue, 'List what a compromised workload reaches, hop by hop')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Compare two clusters by what they allow')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Check assertions about who may reach whom')
            [CompletionResult]::new('fix', 'fix', [CompletionResultType]::ParameterValue, 'Repair a policy whose indentation was lost')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Report findings')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Show and verify the record of access')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version')
            [CompletionResult]::new('__generate', '__generate', [CompletionResultType]::ParameterValue, 'Write the files that are generated from the program')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;map' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Only what leaves this endpoint')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Only what leads to this endpoint')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Only this port, such as 5432, 53/udp, 8000-8100/tcp, http')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--pods', '--pods', [CompletionResultType]::ParameterName, 'List pods instead of the workloads that stand for them')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'List all namespaces, which is what happens without -n')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'List all namespaces, which is what happens without -n')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;can' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;explain' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;exposure' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('--trusted', '--trusted', [CompletionResultType]::ParameterName, 'What may be reached: a block of addresses a line, with a reason after `#`, or a YAML list of them')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--egress', '--egress', [CompletionResultType]::ParameterName, 'List the outside ranges that each workload may reach')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'List all namespaces, which is what happens without -n')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'List all namespaces, which is what happens without -n')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;blast' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('--hops', '--hops', [CompletionResultType]::ParameterName, 'Go no further than this many hops')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;diff' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--pods', '--pods', [CompletionResultType]::ParameterName, 'Compare pods instead of the workloads that stand for them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;test' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Stop at the first assertion that does not hold')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;fix' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;audit' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('coverage', 'coverage', [CompletionResultType]::ParameterValue, 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;audit;coverage' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'End with 1 only for findings of this severity or above')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Do not count what this earlier `-o json` of the same audit has found; what became more severe counts again')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to read')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate when reading a cluster')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate when reading a cluster; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;audit;help' {
            [CompletionResult]::new('coverage', 'coverage', [CompletionResultType]::ParameterValue, 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;audit;help;coverage' {
            break
        }
        'fallgate;audit;help;help' {
            break
        }
        'fallgate;ledger' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what was asked, decided, opened and ended')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify that the record is as it was written')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;ledger;show' {
            [CompletionResult]::new('--ticket', '--ticket', [CompletionResultType]::ParameterName, 'Only what was done for this ticket')
            [CompletionResult]::new('--grant', '--grant', [CompletionResultType]::ParameterName, 'Only what is about this grant, or the request that it came from: a UID, a name or NAMESPACE/NAME')
            [CompletionResult]::new('--actor', '--actor', [CompletionResultType]::ParameterName, 'Only what this user did')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only what happened then or later: a time, such as 2026-11-21T14:00:00Z, or how long ago, such as 90m or 2d')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only what happened before, written as for --since')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;ledger;verify' {
            [CompletionResult]::new('--head', '--head', [CompletionResultType]::ParameterName, 'The hash of an entry that must be in the record')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;ledger;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what was asked, decided, opened and ended')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify that the record is as it was written')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;ledger;help;show' {
            break
        }
        'fallgate;ledger;help;verify' {
            break
        }
        'fallgate;ledger;help;help' {
            break
        }
        'fallgate;completion' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;version' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;__generate' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The directory that stands for the checkout''s')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;help' {
            [CompletionResult]::new('map', 'map', [CompletionResultType]::ParameterValue, 'List every allowed connection')
            [CompletionResult]::new('can', 'can', [CompletionResultType]::ParameterValue, 'Say whether one endpoint may reach another, and which rules decide')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Show how an answer comes about, and for a denial the edit that would admit it')
            [CompletionResult]::new('exposure', 'exposure', [CompletionResultType]::ParameterValue, 'List what pods that do not exist yet, and the outside, could reach')
            [CompletionResult]::new('blast', 'blast', [CompletionResultType]::ParameterValue, 'List what a compromised workload reaches, hop by hop')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Compare two clusters by what they allow')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Check assertions about who may reach whom')
            [CompletionResult]::new('fix', 'fix', [CompletionResultType]::ParameterValue, 'Repair a policy whose indentation was lost')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Report findings')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Show and verify the record of access')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version')
            [CompletionResult]::new('__generate', '__generate', [CompletionResultType]::ParameterValue, 'Write the files that are generated from the program')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;help;map' {
            break
        }
        'fallgate;help;can' {
            break
        }
        'fallgate;help;explain' {
            break
        }
        'fallgate;help;exposure' {
            break
        }
        'fallgate;help;blast' {
            break
        }
        'fallgate;help;diff' {
            break
        }
        'fallgate;help;test' {
            break
        }
        'fallgate;help;fix' {
            break
        }
        'fallgate;help;audit' {
            [CompletionResult]::new('coverage', 'coverage', [CompletionResultType]::ParameterValue, 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at')
            break
        }
        'fallgate;help;audit;coverage' {
            break
        }
        'fallgate;help;ledger' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what was asked, decided, opened and ended')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify that the record is as it was written')
            break
        }
        'fallgate;help;ledger;show' {
            break
        }
        'fallgate;help;ledger;verify' {
            break
        }
        'fallgate;help;completion' {
            break
        }
        'fallgate;help;version' {
            break
        }
        'fallgate;help;__generate' {
            break
        }
        'fallgate;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
