
use builtin;
use str;

set edit:completion:arg-completer[fallgate] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'fallgate'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'fallgate'= {
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand map 'List every allowed connection'
            cand can 'Say whether one endpoint may reach another, and which rules decide'
            cand explain 'Show how an answer comes about, and for a denial the edit that would admit it'
            cand exposure 'List what pods that do not exist yet, and the outside, could reach'
            cand blast 'List what a compromised workload reaches, hop by hop'
            cand diff 'Compare two clusters by what they allow'
            cand test 'Check assertions about who may reach whom'
            cand fix 'Repair a policy whose indentation was lost'
            cand audit 'Report findings'
            cand plan 'Show what a request would open and render, and who must agree'
            cand request 'Ask for a path under a policy'
            cand requests 'List requests, or show one with its plan and its decisions'
            cand approve 'Agree to somebody else''s request, as it is planned or narrower'
            cand deny 'Refuse somebody''s request; one refusal outweighs every approval'
            cand withdraw 'Take your own request back, or give back what it opened'
            cand review 'Say of a break-glass that you have looked at it'
            cand grants 'List what is open, or show one grant; with --ended, also what was'
            cand extend 'Ask for a grant to go on'
            cand revoke 'End a grant now'
            cand lock 'Stop a user, a policy, a namespace or everything'
            cand unlock 'Take a lock away before its time'
            cand with 'Open a path for one command'
            cand panic 'Close everything that is open, now, without a controller'
            cand incident 'Declare incidents, which enable what is disabled by default, and resolve them'
            cand ledger 'Show and verify the record of access'
            cand rehearse 'Rehearse an incident: exactly the expected paths open, and then all closes'
            cand demo 'Try everything on a small shop, in a cluster inside of this program'
            cand controller 'Run what opens and closes grants'
            cand completion 'Print a completion script for a shell'
            cand version 'Print the version'
            cand __generate 'Write the files that are generated from the program'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;map'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand --from 'Only what leaves this endpoint'
            cand --to 'Only what leads to this endpoint'
            cand --port 'Only this port, such as 5432, 53/udp, 8000-8100/tcp, http'
            cand -l 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`'
            cand --selector 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand --pods 'List pods instead of the workloads that stand for them'
            cand -A 'List all namespaces, which is what happens without -n'
            cand --all-namespaces 'List all namespaces, which is what happens without -n'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;can'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;explain'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;exposure'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand --trusted 'What may be reached: a block of addresses a line, with a reason after `#`, or a YAML list of them'
            cand -l 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`'
            cand --selector 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand --egress 'List the outside ranges that each workload may reach'
            cand -A 'List all namespaces, which is what happens without -n'
            cand --all-namespaces 'List all namespaces, which is what happens without -n'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;blast'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand --hops 'Go no further than this many hops'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;diff'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand --pods 'Compare pods instead of the workloads that stand for them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;test'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand --fail-fast 'Stop at the first assertion that does not hold'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;fix'= {
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;audit'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand coverage 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;audit;coverage'= {
            cand -o 'The output format'
            cand --output 'The output format'
            cand --fail-on 'End with 1 only for findings of this severity or above'
            cand --baseline 'Do not count what this earlier `-o json` of the same audit has found; what became more severe counts again'
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;audit;help'= {
            cand coverage 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;audit;help;coverage'= {
        }
        &'fallgate;audit;help;help'= {
        }
        &'fallgate;plan'= {
            cand -f 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand --filename 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --dialect 'How the network implementation reads what the API leaves open'
            cand --pod-cidr 'Where pods get their addresses, for pods whose address is not in the input; repeatable'
            cand --add-file 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable'
            cand --remove 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable'
            cand --replace 'Answer as if the objects of this file stood in place of those of the same name; repeatable'
            cand --policy 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME'
            cand --from 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR'
            cand --to 'Where it ends: the same, or a service as NAMESPACE/svc/NAME'
            cand --port 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable'
            cand --for 'For how long, such as 30m or 1h30m'
            cand --until 'What ends it before its time'
            cand --at 'When it opens at the earliest, such as 2026-11-21T14:00:00Z'
            cand --reason 'Why it is needed'
            cand --ticket 'The ticket that it is for'
            cand --incident 'The incident that it is in; its end ends the path'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -R 'Read directories with everything below them'
            cand --recursive 'Read directories with everything below them'
            cand --break-glass 'Open before anybody agreed, where the policy allows that; it is told and reviewed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;request'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --policy 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME'
            cand --from 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR'
            cand --to 'Where it ends: the same, or a service as NAMESPACE/svc/NAME'
            cand --port 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable'
            cand --for 'For how long, such as 30m or 1h30m'
            cand --until 'What ends it before its time'
            cand --at 'When it opens at the earliest, such as 2026-11-21T14:00:00Z'
            cand --ticket 'The ticket that it is for'
            cand --incident 'The incident that it is in; its end ends the path'
            cand --timeout 'The longest to wait, such as 10m'
            cand -o 'The output format; the schema of json is fallgate/request/v1'
            cand --output 'The output format; the schema of json is fallgate/request/v1'
            cand --reason 'Why it is needed'
            cand --color 'When to colour'
            cand --break-glass 'Open before anybody agreed, where the policy allows that; it is told and reviewed'
            cand --wait 'Wait until the path is open, or never will be'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;requests'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand -o 'The output format; the schema of json is fallgate/requests/v1'
            cand --output 'The output format; the schema of json is fallgate/requests/v1'
            cand --color 'When to colour'
            cand -A 'List those of every namespace'
            cand --all-namespaces 'List those of every namespace'
            cand --can-approve 'List only those that wait for a decision that you may make'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;approve'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --reason 'Why'
            cand --for 'For this long at most'
            cand --narrow 'Less than was asked for: from=ENDPOINT, to=ENDPOINT or port=PORT; repeatable'
            cand -o 'The output format; the schema of json is fallgate/approve/v1'
            cand --output 'The output format; the schema of json is fallgate/approve/v1'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;deny'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --reason 'Why'
            cand -o 'The output format; the schema of json is fallgate/deny/v1'
            cand --output 'The output format; the schema of json is fallgate/deny/v1'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;withdraw'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --reason 'Why'
            cand -o 'The output format; the schema of json is fallgate/withdraw/v1'
            cand --output 'The output format; the schema of json is fallgate/withdraw/v1'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;review'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --reason 'What you found'
            cand -o 'The output format; the schema of json is fallgate/review/v1'
            cand --output 'The output format; the schema of json is fallgate/review/v1'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;grants'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand -o 'The output format; the schema of json is fallgate/grants/v1'
            cand --output 'The output format; the schema of json is fallgate/grants/v1'
            cand --color 'When to colour'
            cand -A 'List those of every namespace'
            cand --all-namespaces 'List those of every namespace'
            cand --ended 'List those that have ended, too'
            cand -w 'Go on, and show each that changes, until interrupted'
            cand --watch 'Go on, and show each that changes, until interrupted'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;extend'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --for 'For how long, from when it opens'
            cand --reason 'Why'
            cand --timeout 'The longest to wait, such as 10m'
            cand -o 'The output format; the schema of json is fallgate/extend/v1'
            cand --output 'The output format; the schema of json is fallgate/extend/v1'
            cand --color 'When to colour'
            cand --wait 'Wait until the path is open, or never will be'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;revoke'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --reason 'Why'
            cand --timeout 'The longest to wait, such as 2m'
            cand -o 'The output format; the schema of json is fallgate/revoke/v1'
            cand --output 'The output format; the schema of json is fallgate/revoke/v1'
            cand --color 'When to colour'
            cand --wait 'Wait until it is closed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;lock'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --user 'The requester whose grants are stopped'
            cand --policy 'The policy whose grants are stopped, one of the namespace; or ClusterAccessPolicy/NAME'
            cand --for 'For how long; without it, until it is unlocked'
            cand --reason 'Why'
            cand -o 'The output format; the schema of json is fallgate/lock/v1'
            cand --output 'The output format; the schema of json is fallgate/lock/v1'
            cand --color 'When to colour'
            cand --all 'Stop every grant'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;unlock'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;with'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --policy 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME'
            cand --from 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR'
            cand --to 'Where it ends: the same, or a service as NAMESPACE/svc/NAME'
            cand --port 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable'
            cand --for 'For how long, such as 30m or 1h30m'
            cand --until 'What ends it before its time'
            cand --at 'When it opens at the earliest, such as 2026-11-21T14:00:00Z'
            cand --ticket 'The ticket that it is for'
            cand --incident 'The incident that it is in; its end ends the path'
            cand --timeout 'The longest to wait until it is open, such as 10m'
            cand --reason 'Why it is needed'
            cand --color 'When to colour'
            cand --break-glass 'Open before anybody agreed, where the policy allows that; it is told and reviewed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;panic'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --reason 'Why; the lock says so to everybody'
            cand --for 'How long nothing opens'
            cand --timeout 'The longest to look whether it is gone, such as 30s'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;incident'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand open 'Declare an incident in a namespace'
            cand close 'Resolve an incident, which ends its grants'
            cand list 'List the incidents that are open'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;incident;open'= {
            cand --ticket 'Its ticket'
            cand --for 'When it ends at the latest, from now'
            cand --severity 'How bad it is'
            cand --reason 'What happened'
            cand -o 'The output format; the schema of json is fallgate/incident/v1'
            cand --output 'The output format; the schema of json is fallgate/incident/v1'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;incident;close'= {
            cand --ticket 'Every open incident of this ticket'
            cand -o 'The output format; the schema of json is fallgate/incident/v1'
            cand --output 'The output format; the schema of json is fallgate/incident/v1'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;incident;list'= {
            cand -o 'The output format; the schema of json is fallgate/incident/v1'
            cand --output 'The output format; the schema of json is fallgate/incident/v1'
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --color 'When to colour'
            cand -A 'List those of every namespace'
            cand --all-namespaces 'List those of every namespace'
            cand --ended 'List those that are over, too'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;incident;help'= {
            cand open 'Declare an incident in a namespace'
            cand close 'Resolve an incident, which ends its grants'
            cand list 'List the incidents that are open'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;incident;help;open'= {
        }
        &'fallgate;incident;help;close'= {
        }
        &'fallgate;incident;help;list'= {
        }
        &'fallgate;incident;help;help'= {
        }
        &'fallgate;ledger'= {
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand show 'Show what was asked, decided, opened and ended'
            cand verify 'Verify that the record is as it was written'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;ledger;show'= {
            cand --ticket 'Only what was done for this ticket'
            cand --grant 'Only what is about this grant, or the request that it came from: a UID, a name or NAMESPACE/NAME'
            cand --actor 'Only what this user did'
            cand --since 'Only what happened then or later: a time, such as 2026-11-21T14:00:00Z, or how long ago, such as 90m or 2d'
            cand --until 'Only what happened before, written as for --since'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;ledger;verify'= {
            cand --head 'The hash of an entry that must be in the record'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;ledger;help'= {
            cand show 'Show what was asked, decided, opened and ended'
            cand verify 'Verify that the record is as it was written'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;ledger;help;show'= {
        }
        &'fallgate;ledger;help;verify'= {
        }
        &'fallgate;ledger;help;help'= {
        }
        &'fallgate;rehearse'= {
            cand --record 'Where to write the record of it, a new file'
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;demo'= {
            cand --port 'The port of loopback to listen on; without it, any that is free'
            cand --kubeconfig-out 'Where to write the kubeconfig, which is removed at the end; without it, beside the record'
            cand -o 'The output format of --script'
            cand --output 'The output format of --script'
            cand --color 'When to colour'
            cand --script 'Play the story and end'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;controller'= {
            cand -n 'The namespace of names that have none, and of what is listed'
            cand --namespace 'The namespace of names that have none, and of what is listed'
            cand --context 'The kubeconfig context to use'
            cand --kubeconfig 'The kubeconfig file to use'
            cand --as 'The user to impersonate'
            cand --as-group 'A group to impersonate; repeatable'
            cand --record 'Where the record is kept; without it, where `fallgate ledger` looks for it'
            cand --identity 'What the lease calls this process; without it, HOSTNAME and the process''s number'
            cand --listen 'Where it answers /livez, /readyz and /metrics, such as 0.0.0.0:8080; without it, nowhere'
            cand --webhook-network 'A network of receivers of webhooks that have no public address, such as 10.96.0.0/12; repeatable'
            cand --log 'How its log is written, on standard error'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;completion'= {
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;version'= {
            cand -o 'The output format'
            cand --output 'The output format'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;__generate'= {
            cand --out 'The directory that stands for the checkout''s'
            cand --color 'When to colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fallgate;help'= {
            cand map 'List every allowed connection'
            cand can 'Say whether one endpoint may reach another, and which rules decide'
            cand explain 'Show how an answer comes about, and for a denial the edit that would admit it'
            cand exposure 'List what pods that do not exist yet, and the outside, could reach'
            cand blast 'List what a compromised workload reaches, hop by hop'
            cand diff 'Compare two clusters by what they allow'
            cand test 'Check assertions about who may reach whom'
            cand fix 'Repair a policy whose indentation was lost'
            cand audit 'Report findings'
            cand plan 'Show what a request would open and render, and who must agree'
            cand request 'Ask for a path under a policy'
            cand requests 'List requests, or show one with its plan and its decisions'
            cand approve 'Agree to somebody else''s request, as it is planned or narrower'
            cand deny 'Refuse somebody''s request; one refusal outweighs every approval'
            cand withdraw 'Take your own request back, or give back what it opened'
            cand review 'Say of a break-glass that you have looked at it'
            cand grants 'List what is open, or show one grant; with --ended, also what was'
            cand extend 'Ask for a grant to go on'
            cand revoke 'End a grant now'
            cand lock 'Stop a user, a policy, a namespace or everything'
            cand unlock 'Take a lock away before its time'
            cand with 'Open a path for one command'
            cand panic 'Close everything that is open, now, without a controller'
            cand incident 'Declare incidents, which enable what is disabled by default, and resolve them'
            cand ledger 'Show and verify the record of access'
            cand rehearse 'Rehearse an incident: exactly the expected paths open, and then all closes'
            cand demo 'Try everything on a small shop, in a cluster inside of this program'
            cand controller 'Run what opens and closes grants'
            cand completion 'Print a completion script for a shell'
            cand version 'Print the version'
            cand __generate 'Write the files that are generated from the program'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'fallgate;help;map'= {
        }
        &'fallgate;help;can'= {
        }
        &'fallgate;help;explain'= {
        }
        &'fallgate;help;exposure'= {
        }
        &'fallgate;help;blast'= {
        }
        &'fallgate;help;diff'= {
        }
        &'fallgate;help;test'= {
        }
        &'fallgate;help;fix'= {
        }
        &'fallgate;help;audit'= {
            cand coverage 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at'
        }
        &'fallgate;help;audit;coverage'= {
        }
        &'fallgate;help;plan'= {
        }
        &'fallgate;help;request'= {
        }
        &'fallgate;help;requests'= {
        }
        &'fallgate;help;approve'= {
        }
        &'fallgate;help;deny'= {
        }
        &'fallgate;help;withdraw'= {
        }
        &'fallgate;help;review'= {
        }
        &'fallgate;help;grants'= {
        }
        &'fallgate;help;extend'= {
        }
        &'fallgate;help;revoke'= {
        }
        &'fallgate;help;lock'= {
        }
        &'fallgate;help;unlock'= {
        }
        &'fallgate;help;with'= {
        }
        &'fallgate;help;panic'= {
        }
        &'fallgate;help;incident'= {
            cand open 'Declare an incident in a namespace'
            cand close 'Resolve an incident, which ends its grants'
            cand list 'List the incidents that are open'
        }
        &'fallgate;help;incident;open'= {
        }
        &'fallgate;help;incident;close'= {
        }
        &'fallgate;help;incident;list'= {
        }
        &'fallgate;help;ledger'= {
            cand show 'Show what was asked, decided, opened and ended'
            cand verify 'Verify that the record is as it was written'
        }
        &'fallgate;help;ledger;show'= {
        }
        &'fallgate;help;ledger;verify'= {
        }
        &'fallgate;help;rehearse'= {
        }
        &'fallgate;help;demo'= {
        }
        &'fallgate;help;controller'= {
        }
        &'fallgate;help;completion'= {
        }
        &'fallgate;help;version'= {
        }
        &'fallgate;help;__generate'= {
        }
        &'fallgate;help;help'= {
        }
    ]
    $completions[$command]
}
