function __oci-artifact_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-artifact_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-artifact_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-artifact_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-artifact_parse_tokens -S
    set -l unparsed_tokens (__oci-artifact_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-artifact'
        __oci-artifact_parse_subcommand 0 'type=' 'config=' 'config-type=' 'annotation=+' 'subject=' 'subject-file=' 'plain-http' 'tls-verify=' 'ca-file=' 'cert=' 'key=' 'authfile=' 'retries=' 'timeout=' 'chunk-size=' 'progress=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-artifact_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-artifact_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-artifact_parse_subcommand -S -a positional_count
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

function __oci-artifact_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-artifact_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-artifact_tokens -p)
    if test -z "$(__oci-artifact_tokens -t)"
        set -l index (count (__oci-artifact_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-artifact' -f
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" type' -l 'type' -d 'Type of the artifact, as in application/spdx+json.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" config' -l 'config' -d 'File with the config of the artifact (default: the empty one).' -rF
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" config-type' -l 'config-type' -d 'Type of the config.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact"' -l 'annotation' -d 'Annotate the manifest.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" subject' -l 'subject' -d 'Subject of the artifact: an image, an index or an artifact.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" subject-file' -l 'subject-file' -d 'Subject, as a file with its descriptor line.' -rF
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" plain-http' -l 'plain-http' -d 'Use HTTP, not HTTPS, for every registry. Registries on loopback are tried over HTTP anyway.'
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" tls-verify' -l 'tls-verify' -d 'Verify the certificates of registries.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" ca-file' -l 'ca-file' -d 'Trust the certificates (PEM) in FILE too.' -rF
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" cert' -l 'cert' -d 'The client\'s certificate (PEM).' -rF
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" key' -l 'key' -d 'The key (PEM) of --cert, when it is in a separate file.' -rF
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" authfile' -l 'authfile' -d 'Look for credentials in FILE only. Default: containers\' and Docker\'s files.' -rF
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" retries' -l 'retries' -d 'Repeat a request that failed temporarily up to N times.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" timeout' -l 'timeout' -d 'Give up a connection or transfer after this time without progress.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" chunk-size' -l 'chunk-size' -d 'Upload blobs in parts of N MiB, 1 to 64. Default: parts only where a registry needs them.' -rfka ''
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" progress' -l 'progress' -d 'Show transfers on stderr: one line on a terminal, plain lines, or nothing.' -rfka 'auto plain none'
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" version' -l 'version' -d 'Show the version.'
complete -c 'oci-artifact' -n '__oci-artifact_should_offer_completions_for_flags_or_options "oci-artifact" h help' -s 'h' -l 'help' -d 'Show help information.'
