function __oci-untar_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-untar_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-untar_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-untar_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-untar_parse_tokens -S
    set -l unparsed_tokens (__oci-untar_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-untar'
        __oci-untar_parse_subcommand 1 'descriptor=' 'digest=' 'diff-id=' 'rootless' 'max-ratio=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-untar_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-untar_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-untar_parse_subcommand -S -a positional_count
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

function __oci-untar_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-untar_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-untar_tokens -p)
    if test -z "$(__oci-untar_tokens -t)"
        set -l index (count (__oci-untar_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-untar' -f
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_positional "oci-untar" -eq 1' -F
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" descriptor' -l 'descriptor' -d 'Fail unless the layers have the digests, sizes and diffIDs of these descriptor lines.' -rF
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" digest' -l 'digest' -d 'Fail unless the layer has this digest.' -rfka ''
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" diff-id' -l 'diff-id' -d 'Fail unless the uncompressed layer has this digest.' -rfka ''
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" rootless' -l 'rootless' -d 'For users who are not root: record owners in the attribute user.rootlesscontainers and write empty files in place of devices.'
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" max-ratio' -l 'max-ratio' -d 'Refuse a layer that decompresses to more than 1 GiB and N times its size.' -rfka ''
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" version' -l 'version' -d 'Show the version.'
complete -c 'oci-untar' -n '__oci-untar_should_offer_completions_for_flags_or_options "oci-untar" h help' -s 'h' -l 'help' -d 'Show help information.'
