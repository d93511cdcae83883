
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
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what a request would open and render, and who must agree')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Ask for a path under a policy')
            [CompletionResult]::new('requests', 'requests', [CompletionResultType]::ParameterValue, 'List requests, or show one with its plan and its decisions')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Agree to somebody else''s request, as it is planned or narrower')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Refuse somebody''s request; one refusal outweighs every approval')
            [CompletionResult]::new('withdraw', 'withdraw', [CompletionResultType]::ParameterValue, 'Take your own request back, or give back what it opened')
            [CompletionResult]::new('review', 'review', [CompletionResultType]::ParameterValue, 'Say of a break-glass that you have looked at it')
            [CompletionResult]::new('grants', 'grants', [CompletionResultType]::ParameterValue, 'List what is open, or show one grant; with --ended, also what was')
            [CompletionResult]::new('extend', 'extend', [CompletionResultType]::ParameterValue, 'Ask for a grant to go on')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'End a grant now')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Stop a user, a policy, a namespace or everything')
            [CompletionResult]::new('unlock', 'unlock', [CompletionResultType]::ParameterValue, 'Take a lock away before its time')
            [CompletionResult]::new('with', 'with', [CompletionResultType]::ParameterValue, 'Open a path for one command')
            [CompletionResult]::new('panic', 'panic', [CompletionResultType]::ParameterValue, 'Close everything that is open, now, without a controller')
            [CompletionResult]::new('incident', 'incident', [CompletionResultType]::ParameterValue, 'Declare incidents, which enable what is disabled by default, and resolve them')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Show and verify the record of access')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Rehearse an incident: exactly the expected paths open, and then all closes')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Try everything on a small shop, in a cluster inside of this program')
            [CompletionResult]::new('controller', 'controller', [CompletionResultType]::ParameterValue, 'Run what opens and closes grants')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
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
        'fallgate;plan' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('--filename', '--filename', [CompletionResultType]::ParameterName, 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'How the network implementation reads what the API leaves open')
            [CompletionResult]::new('--pod-cidr', '--pod-cidr', [CompletionResultType]::ParameterName, 'Where pods get their addresses, for pods whose address is not in the input; repeatable')
            [CompletionResult]::new('--add-file', '--add-file', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Answer as if the objects of this file stood in place of those of the same name; repeatable')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Where it ends: the same, or a service as NAMESPACE/svc/NAME')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'For how long, such as 30m or 1h30m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'What ends it before its time')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'When it opens at the earliest, such as 2026-11-21T14:00:00Z')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why it is needed')
            [CompletionResult]::new('--ticket', '--ticket', [CompletionResultType]::ParameterName, 'The ticket that it is for')
            [CompletionResult]::new('--incident', '--incident', [CompletionResultType]::ParameterName, 'The incident that it is in; its end ends the path')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Read directories with everything below them')
            [CompletionResult]::new('--break-glass', '--break-glass', [CompletionResultType]::ParameterName, 'Open before anybody agreed, where the policy allows that; it is told and reviewed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;request' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Where it ends: the same, or a service as NAMESPACE/svc/NAME')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'For how long, such as 30m or 1h30m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'What ends it before its time')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'When it opens at the earliest, such as 2026-11-21T14:00:00Z')
            [CompletionResult]::new('--ticket', '--ticket', [CompletionResultType]::ParameterName, 'The ticket that it is for')
            [CompletionResult]::new('--incident', '--incident', [CompletionResultType]::ParameterName, 'The incident that it is in; its end ends the path')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The longest to wait, such as 10m')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/request/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/request/v1')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why it is needed')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--break-glass', '--break-glass', [CompletionResultType]::ParameterName, 'Open before anybody agreed, where the policy allows that; it is told and reviewed')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until the path is open, or never will be')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;requests' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/requests/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/requests/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'List those of every namespace')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'List those of every namespace')
            [CompletionResult]::new('--can-approve', '--can-approve', [CompletionResultType]::ParameterName, 'List only those that wait for a decision that you may make')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;approve' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'For this long at most')
            [CompletionResult]::new('--narrow', '--narrow', [CompletionResultType]::ParameterName, 'Less than was asked for: from=ENDPOINT, to=ENDPOINT or port=PORT; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/approve/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/approve/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;deny' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/deny/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/deny/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;withdraw' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/withdraw/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/withdraw/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;review' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'What you found')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/review/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/review/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;grants' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/grants/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/grants/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'List those of every namespace')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'List those of every namespace')
            [CompletionResult]::new('--ended', '--ended', [CompletionResultType]::ParameterName, 'List those that have ended, too')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Go on, and show each that changes, until interrupted')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on, and show each that changes, until interrupted')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;extend' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'For how long, from when it opens')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The longest to wait, such as 10m')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/extend/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/extend/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until the path is open, or never will be')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;revoke' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The longest to wait, such as 2m')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/revoke/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/revoke/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until it is closed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;lock' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'The requester whose grants are stopped')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'The policy whose grants are stopped, one of the namespace; or ClusterAccessPolicy/NAME')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'For how long; without it, until it is unlocked')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/lock/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/lock/v1')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Stop every grant')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;unlock' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;with' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Where it ends: the same, or a service as NAMESPACE/svc/NAME')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'For how long, such as 30m or 1h30m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'What ends it before its time')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'When it opens at the earliest, such as 2026-11-21T14:00:00Z')
            [CompletionResult]::new('--ticket', '--ticket', [CompletionResultType]::ParameterName, 'The ticket that it is for')
            [CompletionResult]::new('--incident', '--incident', [CompletionResultType]::ParameterName, 'The incident that it is in; its end ends the path')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The longest to wait until it is open, such as 10m')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why it is needed')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--break-glass', '--break-glass', [CompletionResultType]::ParameterName, 'Open before anybody agreed, where the policy allows that; it is told and reviewed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;panic' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why; the lock says so to everybody')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'How long nothing opens')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The longest to look whether it is gone, such as 30s')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;incident' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('open', 'open', [CompletionResultType]::ParameterValue, 'Declare an incident in a namespace')
            [CompletionResult]::new('close', 'close', [CompletionResultType]::ParameterValue, 'Resolve an incident, which ends its grants')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the incidents that are open')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;incident;open' {
            [CompletionResult]::new('--ticket', '--ticket', [CompletionResultType]::ParameterName, 'Its ticket')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'When it ends at the latest, from now')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'How bad it is')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'What happened')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/incident/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/incident/v1')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;incident;close' {
            [CompletionResult]::new('--ticket', '--ticket', [CompletionResultType]::ParameterName, 'Every open incident of this ticket')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/incident/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/incident/v1')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;incident;list' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/incident/v1')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format; the schema of json is fallgate/incident/v1')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'List those of every namespace')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'List those of every namespace')
            [CompletionResult]::new('--ended', '--ended', [CompletionResultType]::ParameterName, 'List those that are over, too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;incident;help' {
            [CompletionResult]::new('open', 'open', [CompletionResultType]::ParameterValue, 'Declare an incident in a namespace')
            [CompletionResult]::new('close', 'close', [CompletionResultType]::ParameterValue, 'Resolve an incident, which ends its grants')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the incidents that are open')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'fallgate;incident;help;open' {
            break
        }
        'fallgate;incident;help;close' {
            break
        }
        'fallgate;incident;help;list' {
            break
        }
        'fallgate;incident;help;help' {
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
        'fallgate;rehearse' {
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Where to write the record of it, a new file')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;demo' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port of loopback to listen on; without it, any that is free')
            [CompletionResult]::new('--kubeconfig-out', '--kubeconfig-out', [CompletionResultType]::ParameterName, 'Where to write the kubeconfig, which is removed at the end; without it, beside the record')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of --script')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of --script')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--script', '--script', [CompletionResultType]::ParameterName, 'Play the story and end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fallgate;controller' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The namespace of names that have none, and of what is listed')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig context to use')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'The kubeconfig file to use')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'The user to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'A group to impersonate; repeatable')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Where the record is kept; without it, where `fallgate ledger` looks for it')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'What the lease calls this process; without it, HOSTNAME and the process''s number')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where it answers /livez, /readyz and /metrics, such as 0.0.0.0:8080; without it, nowhere')
            [CompletionResult]::new('--webhook-network', '--webhook-network', [CompletionResultType]::ParameterName, 'A network of receivers of webhooks that have no public address, such as 10.96.0.0/12; repeatable')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'How its log is written, on standard error')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
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
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what a request would open and render, and who must agree')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Ask for a path under a policy')
            [CompletionResult]::new('requests', 'requests', [CompletionResultType]::ParameterValue, 'List requests, or show one with its plan and its decisions')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Agree to somebody else''s request, as it is planned or narrower')
            [CompletionResult]::new('deny', 'deny', [CompletionResultType]::ParameterValue, 'Refuse somebody''s request; one refusal outweighs every approval')
            [CompletionResult]::new('withdraw', 'withdraw', [CompletionResultType]::ParameterValue, 'Take your own request back, or give back what it opened')
            [CompletionResult]::new('review', 'review', [CompletionResultType]::ParameterValue, 'Say of a break-glass that you have looked at it')
            [CompletionResult]::new('grants', 'grants', [CompletionResultType]::ParameterValue, 'List what is open, or show one grant; with --ended, also what was')
            [CompletionResult]::new('extend', 'extend', [CompletionResultType]::ParameterValue, 'Ask for a grant to go on')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'End a grant now')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Stop a user, a policy, a namespace or everything')
            [CompletionResult]::new('unlock', 'unlock', [CompletionResultType]::ParameterValue, 'Take a lock away before its time')
            [CompletionResult]::new('with', 'with', [CompletionResultType]::ParameterValue, 'Open a path for one command')
            [CompletionResult]::new('panic', 'panic', [CompletionResultType]::ParameterValue, 'Close everything that is open, now, without a controller')
            [CompletionResult]::new('incident', 'incident', [CompletionResultType]::ParameterValue, 'Declare incidents, which enable what is disabled by default, and resolve them')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Show and verify the record of access')
            [CompletionResult]::new('rehearse', 'rehearse', [CompletionResultType]::ParameterValue, 'Rehearse an incident: exactly the expected paths open, and then all closes')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Try everything on a small shop, in a cluster inside of this program')
            [CompletionResult]::new('controller', 'controller', [CompletionResultType]::ParameterValue, 'Run what opens and closes grants')
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
        'fallgate;help;plan' {
            break
        }
        'fallgate;help;request' {
            break
        }
        'fallgate;help;requests' {
            break
        }
        'fallgate;help;approve' {
            break
        }
        'fallgate;help;deny' {
            break
        }
        'fallgate;help;withdraw' {
            break
        }
        'fallgate;help;review' {
            break
        }
        'fallgate;help;grants' {
            break
        }
        'fallgate;help;extend' {
            break
        }
        'fallgate;help;revoke' {
            break
        }
        'fallgate;help;lock' {
            break
        }
        'fallgate;help;unlock' {
            break
        }
        'fallgate;help;with' {
            break
        }
        'fallgate;help;panic' {
            break
        }
        'fallgate;help;incident' {
            [CompletionResult]::new('open', 'open', [CompletionResultType]::ParameterValue, 'Declare an incident in a namespace')
            [CompletionResult]::new('close', 'close', [CompletionResultType]::ParameterValue, 'Resolve an incident, which ends its grants')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the incidents that are open')
            break
        }
        'fallgate;help;incident;open' {
            break
        }
        'fallgate;help;incident;close' {
            break
        }
        'fallgate;help;incident;list' {
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
        'fallgate;help;rehearse' {
            break
        }
        'fallgate;help;demo' {
            break
        }
        'fallgate;help;controller' {
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
