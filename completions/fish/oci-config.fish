function __oci-config_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-config_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-config_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-config_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-config_parse_tokens -S
    set -l unparsed_tokens (__oci-config_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-config'
        __oci-config_parse_subcommand 0 'entrypoint=' 'cmd=' 'env=+' 'unset-env=+' 'workdir=' 'user=' 'label=+' 'expose=+' 'volume=+' 'stop-signal=' 'healthcheck=' 'no-healthcheck' 'shell=' 'onbuild=+' 'platform=' 'author=' 'created=' 'clear=+' 'history=+' 'comment=' 'patch=+' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-config_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-config_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-config_parse_subcommand -S -a positional_count
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

function __oci-config_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-config_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-config_tokens -p)
    if test -z "$(__oci-config_tokens -t)"
        set -l index (count (__oci-config_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-config' -f
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" entrypoint' -l 'entrypoint' -d 'Program that runs; clears an inherited cmd unless --cmd is there.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" cmd' -l 'cmd' -d 'Arguments of the entrypoint, or the program when there is none.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'env' -d 'Set an environment variable, in place if it exists.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'unset-env' -d 'Remove an environment variable.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" workdir' -l 'workdir' -d 'Directory the program starts in; relative to the one there is.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" user' -l 'user' -d 'User it runs as: NAME or UID, with [:GROUP].' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'label' -d 'Set a label.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'expose' -d 'Port that the program listens on.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'volume' -d 'Add a volume at this path.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" stop-signal' -l 'stop-signal' -d 'Signal that stops the program.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" healthcheck' -l 'healthcheck' -d 'Health check: a command, or Docker\'s JSON object.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" no-healthcheck' -l 'no-healthcheck' -d 'Disable the health check, also an inherited one.'
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" shell' -l 'shell' -d 'Shell for commands in shell form, as a JSON array.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'onbuild' -d 'Add an instruction for images built on this one.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" platform' -l 'platform' -d 'Platform of the image.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" author' -l 'author' -d 'Author of the image.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" created' -l 'created' -d 'When it was made, as RFC 3339 (default: $SOURCE_DATE_EPOCH where anything changes, else as it was).' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'clear' -d 'Clear a field.' -rfka 'entrypoint cmd env workdir user labels ports volumes stop-signal healthcheck onbuild shell author created'
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'history' -d 'Add a history entry without a layer.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" comment' -l 'comment' -d 'Comment for the history entries.' -rfka ''
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config"' -l 'patch' -d 'Apply a JSON merge patch (RFC 7396) to the config.' -rF
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" version' -l 'version' -d 'Show the version.'
complete -c 'oci-config' -n '__oci-config_should_offer_completions_for_flags_or_options "oci-config" h help' -s 'h' -l 'help' -d 'Show help information.'
