# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_fallgate_global_optspecs
    string join \n color= h/help V/version
end

function __fish_fallgate_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_fallgate_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_fallgate_using_subcommand
    set -l cmd (__fish_fallgate_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c fallgate -n "__fish_fallgate_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_needs_command" -s V -l version -d 'Print version'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "map" -d 'List every allowed connection'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "can" -d 'Say whether one endpoint may reach another, and which rules decide'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "explain" -d 'Show how an answer comes about, and for a denial the edit that would admit it'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "exposure" -d 'List what pods that do not exist yet, and the outside, could reach'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "blast" -d 'List what a compromised workload reaches, hop by hop'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "diff" -d 'Compare two clusters by what they allow'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "test" -d 'Check assertions about who may reach whom'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "fix" -d 'Repair a policy whose indentation was lost'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "audit" -d 'Report findings'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "plan" -d 'Show what a request would open and render, and who must agree'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "request" -d 'Ask for a path under a policy'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "requests" -d 'List requests, or show one with its plan and its decisions'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "approve" -d 'Agree to somebody else\'s request, as it is planned or narrower'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "deny" -d 'Refuse somebody\'s request; one refusal outweighs every approval'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "withdraw" -d 'Take your own request back, or give back what it opened'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "review" -d 'Say of a break-glass that you have looked at it'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "grants" -d 'List what is open, or show one grant; with --ended, also what was'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "extend" -d 'Ask for a grant to go on'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "revoke" -d 'End a grant now'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "lock" -d 'Stop a user, a policy, a namespace or everything'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "unlock" -d 'Take a lock away before its time'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "with" -d 'Open a path for one command'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "panic" -d 'Close everything that is open, now, without a controller'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "incident" -d 'Declare incidents, which enable what is disabled by default, and resolve them'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "ledger" -d 'Show and verify the record of access'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "rehearse" -d 'Rehearse an incident: exactly the expected paths open, and then all closes'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "demo" -d 'Try everything on a small shop, in a cluster inside of this program'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "controller" -d 'Run what opens and closes grants'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "version" -d 'Print the version'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "__generate" -d 'Write the files that are generated from the program'
complete -c fallgate -n "__fish_fallgate_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l from -d 'Only what leaves this endpoint' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l to -d 'Only what leads to this endpoint' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l port -d 'Only this port, such as 5432, 53/udp, 8000-8100/tcp, http' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s l -l selector -d 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s o -l output -d 'The output format' -r -f -a "table\t'Grouped, for people'
wide\t'A line for each pair'
json\t'A document; its schema is fallgate/map/v1'
csv\t'Comma-separated values'
md\t'A Markdown table'
dot\t'A graph for Graphviz'
mermaid\t'A graph for Mermaid'
svg\t'A picture'
html\t'A page with matrices and the picture'"
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -l pods -d 'List pods instead of the workloads that stand for them'
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s A -l all-namespaces -d 'List all namespaces, which is what happens without -n'
complete -c fallgate -n "__fish_fallgate_using_subcommand map" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A JSON document'"
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand can" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A JSON document'
md\t'Markdown, for a ticket or a pull request'"
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l trusted -d 'What may be reached: a block of addresses a line, with a reason after `#`, or a YAML list of them' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s l -l selector -d 'List only workloads whose pods have these labels, such as `app=web,tier!=cache`' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A document; its schema is fallgate/exposure/v1'
md\t'A Markdown table'"
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -l egress -d 'List the outside ranges that each workload may reach'
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s A -l all-namespaces -d 'List all namespaces, which is what happens without -n'
complete -c fallgate -n "__fish_fallgate_using_subcommand exposure" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l hops -d 'Go no further than this many hops' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A document; its schema is fallgate/blast/v1'
md\t'A Markdown table'
dot\t'A graph for Graphviz'
mermaid\t'A graph for Mermaid'"
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand blast" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A document; its schema is fallgate/diff/v1'
csv\t'Comma-separated values'
md\t'Markdown, for a comment on a pull request'"
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -l pods -d 'Compare pods instead of the workloads that stand for them'
complete -c fallgate -n "__fish_fallgate_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -s o -l output -d 'The output format' -r -f -a "table\t'For people: what does not hold, and the counts'
json\t'A JSON document'
junit\t'JUnit XML, as CI systems read it'
tap\t'Test Anything Protocol, version 14'"
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -l fail-fast -d 'Stop at the first assertion that does not hold'
complete -c fallgate -n "__fish_fallgate_using_subcommand test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand fix" -s o -l output -d 'The output format' -r -f -a "yaml\t'The file'
json\t'A JSON document'"
complete -c fallgate -n "__fish_fallgate_using_subcommand fix" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand fix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -f -a "coverage" -d 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and not __fish_seen_subcommand_from coverage help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A document; its schema is fallgate/audit/v1'
sarif\t'SARIF 2.1.0, as GitHub code scanning and others read it'
junit\t'JUnit XML: a test for each rule and object'
github\t'Workflow commands that annotate files on GitHub'
gitlab\t'A GitLab Code Quality report'
rdjson\t'Reviewdog\'s diagnostic format'
md\t'Markdown'"
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l fail-on -d 'End with 1 only for findings of this severity or above' -r -f -a "info\t'Worth knowing'
low\t'To be tidied up'
medium\t'Not what it seems to be, or open where little is at stake'
high\t'Open'
critical\t'Open, and to be closed now'"
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l baseline -d 'Do not count what this earlier `-o json` of the same audit has found; what became more severe counts again' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from coverage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "coverage" -d 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at'
complete -c fallgate -n "__fish_fallgate_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -s f -l filename -d 'Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l dialect -d 'How the network implementation reads what the API leaves open' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l pod-cidr -d 'Where pods get their addresses, for pods whose address is not in the input; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l add-file -d 'Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l remove -d 'Answer as if this object were not there, such as `netpol/shop/db`; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l replace -d 'Answer as if the objects of this file stood in place of those of the same name; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l policy -d 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l from -d 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l to -d 'Where it ends: the same, or a service as NAMESPACE/svc/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l port -d 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l for -d 'For how long, such as 30m or 1h30m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l until -d 'What ends it before its time' -r -f -a "ticketClosed\t'The ticket is closed'
incidentResolved\t'The incident is resolved'"
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l at -d 'When it opens at the earliest, such as 2026-11-21T14:00:00Z' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l reason -d 'Why it is needed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l ticket -d 'The ticket that it is for' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l incident -d 'The incident that it is in; its end ends the path' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A document; its schema is fallgate/plan/v1'"
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -s R -l recursive -d 'Read directories with everything below them'
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -l break-glass -d 'Open before anybody agreed, where the policy allows that; it is told and reviewed'
complete -c fallgate -n "__fish_fallgate_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l policy -d 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l from -d 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l to -d 'Where it ends: the same, or a service as NAMESPACE/svc/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l port -d 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l for -d 'For how long, such as 30m or 1h30m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l until -d 'What ends it before its time' -r -f -a "ticketClosed\t'The ticket is closed'
incidentResolved\t'The incident is resolved'"
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l at -d 'When it opens at the earliest, such as 2026-11-21T14:00:00Z' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l ticket -d 'The ticket that it is for' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l incident -d 'The incident that it is in; its end ends the path' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l timeout -d 'The longest to wait, such as 10m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -s o -l output -d 'The output format; the schema of json is fallgate/request/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l reason -d 'Why it is needed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l break-glass -d 'Open before anybody agreed, where the policy allows that; it is told and reviewed'
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -l wait -d 'Wait until the path is open, or never will be'
complete -c fallgate -n "__fish_fallgate_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -s o -l output -d 'The output format; the schema of json is fallgate/requests/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -s A -l all-namespaces -d 'List those of every namespace'
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -l can-approve -d 'List only those that wait for a decision that you may make'
complete -c fallgate -n "__fish_fallgate_using_subcommand requests" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l reason -d 'Why' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l for -d 'For this long at most' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l narrow -d 'Less than was asked for: from=ENDPOINT, to=ENDPOINT or port=PORT; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -s o -l output -d 'The output format; the schema of json is fallgate/approve/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -l reason -d 'Why' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -s o -l output -d 'The output format; the schema of json is fallgate/deny/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand deny" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -l reason -d 'Why' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -s o -l output -d 'The output format; the schema of json is fallgate/withdraw/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand withdraw" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -l reason -d 'What you found' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -s o -l output -d 'The output format; the schema of json is fallgate/review/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand review" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -s o -l output -d 'The output format; the schema of json is fallgate/grants/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -s A -l all-namespaces -d 'List those of every namespace'
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -l ended -d 'List those that have ended, too'
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -s w -l watch -d 'Go on, and show each that changes, until interrupted'
complete -c fallgate -n "__fish_fallgate_using_subcommand grants" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l for -d 'For how long, from when it opens' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l reason -d 'Why' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l timeout -d 'The longest to wait, such as 10m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -s o -l output -d 'The output format; the schema of json is fallgate/extend/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -l wait -d 'Wait until the path is open, or never will be'
complete -c fallgate -n "__fish_fallgate_using_subcommand extend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l reason -d 'Why' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l timeout -d 'The longest to wait, such as 2m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -s o -l output -d 'The output format; the schema of json is fallgate/revoke/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -l wait -d 'Wait until it is closed'
complete -c fallgate -n "__fish_fallgate_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l user -d 'The requester whose grants are stopped' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l policy -d 'The policy whose grants are stopped, one of the namespace; or ClusterAccessPolicy/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l for -d 'For how long; without it, until it is unlocked' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l reason -d 'Why' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -s o -l output -d 'The output format; the schema of json is fallgate/lock/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -l all -d 'Stop every grant'
complete -c fallgate -n "__fish_fallgate_using_subcommand lock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l policy -d 'The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l from -d 'Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l to -d 'Where it ends: the same, or a service as NAMESPACE/svc/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l port -d 'A port there: 5432, 53/udp or 8000-8100/tcp; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l for -d 'For how long, such as 30m or 1h30m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l until -d 'What ends it before its time' -r -f -a "ticketClosed\t'The ticket is closed'
incidentResolved\t'The incident is resolved'"
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l at -d 'When it opens at the earliest, such as 2026-11-21T14:00:00Z' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l ticket -d 'The ticket that it is for' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l incident -d 'The incident that it is in; its end ends the path' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l timeout -d 'The longest to wait until it is open, such as 10m' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l reason -d 'Why it is needed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -l break-glass -d 'Open before anybody agreed, where the policy allows that; it is told and reviewed'
complete -c fallgate -n "__fish_fallgate_using_subcommand with" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l reason -d 'Why; the lock says so to everybody' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l for -d 'How long nothing opens' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l timeout -d 'The longest to look whether it is gone, such as 30s' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -s o -l output -d 'The output format' -r -f -a "text\t'For people'
json\t'A document; its schema is fallgate/panic/v1'"
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand panic" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -f -a "open" -d 'Declare an incident in a namespace'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -f -a "close" -d 'Resolve an incident, which ends its grants'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -f -a "list" -d 'List the incidents that are open'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and not __fish_seen_subcommand_from open close list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l ticket -d 'Its ticket' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l for -d 'When it ends at the latest, from now' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l severity -d 'How bad it is' -r -f -a "low\t''
medium\t''
high\t''
critical\t''"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l reason -d 'What happened' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -s o -l output -d 'The output format; the schema of json is fallgate/incident/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -l ticket -d 'Every open incident of this ticket' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -s o -l output -d 'The output format; the schema of json is fallgate/incident/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -s o -l output -d 'The output format; the schema of json is fallgate/incident/v1' -r -f -a "table\t'For people'
json\t'A document'
name\t'Names alone'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -s A -l all-namespaces -d 'List those of every namespace'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -l ended -d 'List those that are over, too'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "open" -d 'Declare an incident in a namespace'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "close" -d 'Resolve an incident, which ends its grants'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the incidents that are open'
complete -c fallgate -n "__fish_fallgate_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and not __fish_seen_subcommand_from show verify help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and not __fish_seen_subcommand_from show verify help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and not __fish_seen_subcommand_from show verify help" -f -a "show" -d 'Show what was asked, decided, opened and ended'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and not __fish_seen_subcommand_from show verify help" -f -a "verify" -d 'Verify that the record is as it was written'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and not __fish_seen_subcommand_from show verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -l ticket -d 'Only what was done for this ticket' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -l grant -d 'Only what is about this grant, or the request that it came from: a UID, a name or NAMESPACE/NAME' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -l actor -d 'Only what this user did' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -l since -d 'Only what happened then or later: a time, such as 2026-11-21T14:00:00Z, or how long ago, such as 90m or 2d' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -l until -d 'Only what happened before, written as for --since' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -s o -l output -d 'The output format' -r -f -a "table\t'For people'
json\t'A document; its schema is fallgate/ledger-show/v1'"
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l head -d 'The hash of an entry that must be in the record' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s o -l output -d 'The output format' -r -f -a "text\t'For people'
json\t'A document; its schema is fallgate/ledger-verify/v1'"
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what was asked, decided, opened and ended'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Verify that the record is as it was written'
complete -c fallgate -n "__fish_fallgate_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand rehearse" -l record -d 'Where to write the record of it, a new file' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand rehearse" -s o -l output -d 'The output format' -r -f -a "text\t'For people'
json\t'A document; its schema is fallgate/rehearse/v1'"
complete -c fallgate -n "__fish_fallgate_using_subcommand rehearse" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand rehearse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand demo" -l port -d 'The port of loopback to listen on; without it, any that is free' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand demo" -l kubeconfig-out -d 'Where to write the kubeconfig, which is removed at the end; without it, beside the record' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand demo" -s o -l output -d 'The output format of --script' -r -f -a "text\t'For people'
json\t'A document; its schema is fallgate/demo/v1'"
complete -c fallgate -n "__fish_fallgate_using_subcommand demo" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand demo" -l script -d 'Play the story and end'
complete -c fallgate -n "__fish_fallgate_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -s n -l namespace -d 'The namespace of names that have none, and of what is listed' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l context -d 'The kubeconfig context to use' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l kubeconfig -d 'The kubeconfig file to use' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l as -d 'The user to impersonate' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l as-group -d 'A group to impersonate; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l record -d 'Where the record is kept; without it, where `fallgate ledger` looks for it' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l identity -d 'What the lease calls this process; without it, HOSTNAME and the process\'s number' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l listen -d 'Where it answers /livez, /readyz and /metrics, such as 0.0.0.0:8080; without it, nowhere' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l webhook-network -d 'A network of receivers of webhooks that have no public address, such as 10.96.0.0/12; repeatable' -r
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l log -d 'How its log is written, on standard error' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand controller" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand completion" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand version" -s o -l output -d 'The output format' -r -f -a "text\t'One line'
json\t'A JSON document'"
complete -c fallgate -n "__fish_fallgate_using_subcommand version" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand __generate" -l out -d 'The directory that stands for the checkout\'s' -r -F
complete -c fallgate -n "__fish_fallgate_using_subcommand __generate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is'
always\t'Always'
never\t'Never'"
complete -c fallgate -n "__fish_fallgate_using_subcommand __generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "map" -d 'List every allowed connection'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "can" -d 'Say whether one endpoint may reach another, and which rules decide'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "explain" -d 'Show how an answer comes about, and for a denial the edit that would admit it'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "exposure" -d 'List what pods that do not exist yet, and the outside, could reach'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "blast" -d 'List what a compromised workload reaches, hop by hop'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "diff" -d 'Compare two clusters by what they allow'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "test" -d 'Check assertions about who may reach whom'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "fix" -d 'Repair a policy whose indentation was lost'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "audit" -d 'Report findings'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "plan" -d 'Show what a request would open and render, and who must agree'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "request" -d 'Ask for a path under a policy'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "requests" -d 'List requests, or show one with its plan and its decisions'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "approve" -d 'Agree to somebody else\'s request, as it is planned or narrower'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "deny" -d 'Refuse somebody\'s request; one refusal outweighs every approval'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "withdraw" -d 'Take your own request back, or give back what it opened'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "review" -d 'Say of a break-glass that you have looked at it'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "grants" -d 'List what is open, or show one grant; with --ended, also what was'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "extend" -d 'Ask for a grant to go on'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "revoke" -d 'End a grant now'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "lock" -d 'Stop a user, a policy, a namespace or everything'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "unlock" -d 'Take a lock away before its time'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "with" -d 'Open a path for one command'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "panic" -d 'Close everything that is open, now, without a controller'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "incident" -d 'Declare incidents, which enable what is disabled by default, and resolve them'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "ledger" -d 'Show and verify the record of access'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "rehearse" -d 'Rehearse an incident: exactly the expected paths open, and then all closes'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "demo" -d 'Try everything on a small shop, in a cluster inside of this program'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "controller" -d 'Run what opens and closes grants'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "completion" -d 'Print a completion script for a shell'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "version" -d 'Print the version'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "__generate" -d 'Write the files that are generated from the program'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and not __fish_seen_subcommand_from map can explain exposure blast diff test fix audit plan request requests approve deny withdraw review grants extend revoke lock unlock with panic incident ledger rehearse demo controller completion version __generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "coverage" -d 'Report which pods NetworkPolicies isolate, per direction, and what was not looked at'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "open" -d 'Declare an incident in a namespace'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "close" -d 'Resolve an incident, which ends its grants'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "list" -d 'List the incidents that are open'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "show" -d 'Show what was asked, decided, opened and ended'
complete -c fallgate -n "__fish_fallgate_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "verify" -d 'Verify that the record is as it was written'
