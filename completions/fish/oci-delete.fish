function __oci-delete_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-delete_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-delete_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-delete_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-delete_parse_tokens -S
    set -l unparsed_tokens (__oci-delete_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-delete'
        __oci-delete_parse_subcommand -r 1 'manifest' 'n/dry-run' 'plain-http' 'tls-verify=' 'ca-file=' 'cert=' 'key=' 'authfile=' 'retries=' 'timeout=' 'chunk-size=' 'progress=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-delete_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-delete_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-delete_parse_subcommand -S -a positional_count
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

function __oci-delete_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-delete_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-delete_tokens -p)
    if test -z "$(__oci-delete_tokens -t)"
        set -l index (count (__oci-delete_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-delete' -f
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" manifest' -l 'manifest' -d 'Remove the manifest of REF, with all its tags.'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" dry-run n' -s 'n' -l 'dry-run' -d 'Remove nothing; print a line for each tag or manifest to remove.'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" plain-http' -l 'plain-http' -d 'Use HTTP, not HTTPS, for every registry. Registries on loopback are tried over HTTP anyway.'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" tls-verify' -l 'tls-verify' -d 'Verify the certificates of registries.' -rfka ''
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" ca-file' -l 'ca-file' -d 'Trust the certificates (PEM) in FILE too.' -rF
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" cert' -l 'cert' -d 'The client\'s certificate (PEM).' -rF
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" key' -l 'key' -d 'The key (PEM) of --cert, when it is in a separate file.' -rF
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" authfile' -l 'authfile' -d 'Look for credentials in FILE only. Default: containers\' and Docker\'s files.' -rF
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" retries' -l 'retries' -d 'Repeat a request that failed temporarily up to N times.' -rfka ''
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" timeout' -l 'timeout' -d 'Give up a connection or transfer after this time without progress.' -rfka ''
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" chunk-size' -l 'chunk-size' -d 'Upload blobs in parts of N MiB, 1 to 64. Default: parts only where a registry needs them.' -rfka ''
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" progress' -l 'progress' -d 'Show transfers on stderr: one line on a terminal, plain lines, or nothing.' -rfka 'auto plain none'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" version' -l 'version' -d 'Show the version.'
complete -c 'oci-delete' -n '__oci-delete_should_offer_completions_for_flags_or_options "oci-delete" h help' -s 'h' -l 'help' -d 'Show help information.'
