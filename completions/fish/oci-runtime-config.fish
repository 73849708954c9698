function __oci-runtime-config_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-runtime-config_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-runtime-config_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-runtime-config_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-runtime-config_parse_tokens -S
    set -l unparsed_tokens (__oci-runtime-config_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-runtime-config'
        __oci-runtime-config_parse_subcommand 0 'rootfs=' 'args=' 'terminal' 'no-terminal' 'read-only' 'hostname=' 'rootless' 'check' 'step' 'network=' 'mount=+' 'writable-mount=+' 'tmpfs=+' 'env-from=+' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-runtime-config_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-runtime-config_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-runtime-config_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __oci-runtime-config_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-runtime-config_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-runtime-config_tokens -p)
    if test -z "$(__oci-runtime-config_tokens -t)"
        set -l index (count (__oci-runtime-config_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-runtime-config' -f
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" rootfs' -l 'rootfs' -d 'Look up users and groups in this root file system.' -rF
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" args' -l 'args' -d 'Run this in place of the image\'s command: a JSON array, else a line for /bin/sh.' -rfka ''
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" terminal' -l 'terminal' -d 'Give the program a terminal.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" no-terminal' -l 'no-terminal' -d 'Give the program a terminal.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" read-only' -l 'read-only' -d 'Make the root file system read-only.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" hostname' -l 'hostname' -d 'Host name in the container.' -rfka ''
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" rootless' -l 'rootless' -d 'For a user who is not root: run in a user namespace, where this user is root.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" check' -l 'check' -d 'Check whether the image could run, as far as its config tells, and write nothing.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" step' -l 'step' -d 'Configure a build step: volumes are plain directories, sudo works.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" network' -l 'network' -d 'Use the host\'s network, or none.' -rfka 'host none'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config"' -l 'mount' -d 'Mount a path of the bundle, read-only.' -rfka ''
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config"' -l 'writable-mount' -d 'Mount a path of the bundle, writable.' -rfka ''
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config"' -l 'tmpfs' -d 'Mount a tmpfs.' -rfka ''
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config"' -l 'env-from' -d 'Set a variable to the content of a file, which has a secret.' -rfka ''
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" version' -l 'version' -d 'Show the version.'
complete -c 'oci-runtime-config' -n '__oci-runtime-config_should_offer_completions_for_flags_or_options "oci-runtime-config" h help' -s 'h' -l 'help' -d 'Show help information.'
