function __oci-fetch_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-fetch_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-fetch_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-fetch_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-fetch_parse_tokens -S
    set -l unparsed_tokens (__oci-fetch_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-fetch'
        __oci-fetch_parse_subcommand 1 'platform=+' 'raw' 'config' 'blob' 'descriptor' 'digest' 'is=' 'tags' 'exclude-digest-tags' 'json' 'referrers' 'recursive' 'artifact-type=' 'keep-base' 'plain-http' 'tls-verify=' 'ca-file=' 'cert=' 'key=' 'authfile=' 'retries=' 'timeout=' 'chunk-size=' 'progress=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-fetch_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-fetch_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-fetch_parse_subcommand -S -a positional_count
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

function __oci-fetch_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-fetch_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-fetch_tokens -p)
    if test -z "$(__oci-fetch_tokens -t)"
        set -l index (count (__oci-fetch_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-fetch' -f
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch"' -l 'platform' -d 'Platforms to fetch, or \'all\'. Default: this machine\'s. May be repeated.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" raw' -l 'raw' -d 'Write the exact bytes of the manifest, or of the index when no platform is given.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" config' -l 'config' -d 'Write the exact bytes of the image\'s config.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" blob' -l 'blob' -d 'Write the blob REF@DIGEST, or the blobs of the descriptor lines on stdin, one after the other.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" descriptor' -l 'descriptor' -d 'Fetch from REF the digest in the descriptor line on stdin, as oci-verify prints it.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" digest' -l 'digest' -d 'Print the digest of REF by a HEAD request; no manifest is fetched.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" is' -l 'is' -d 'With --digest: exit with status 1 when the digest differs.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" tags' -l 'tags' -d 'Write the tags of REF\'s repository, one to a line.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" exclude-digest-tags' -l 'exclude-digest-tags' -d 'With --tags: omit tags named after a digest, such as sha256-HEX.sig.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" json' -l 'json' -d 'With --tags: print JSON lines with digest and creation time.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" referrers' -l 'referrers' -d 'Print descriptor lines of the artifacts whose subject is REF.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" recursive' -l 'recursive' -d 'With --referrers: also those of referrers and of images in REF\'s index, each once.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" artifact-type' -l 'artifact-type' -d 'List only referrers of this type.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" keep-base' -l 'keep-base' -d 'No effect: annotations that name the image\'s base always stay as they are.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" plain-http' -l 'plain-http' -d 'Use HTTP, not HTTPS, for every registry. Registries on loopback are tried over HTTP anyway.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" tls-verify' -l 'tls-verify' -d 'Verify the certificates of registries.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" ca-file' -l 'ca-file' -d 'Trust the certificates (PEM) in FILE too.' -rF
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" cert' -l 'cert' -d 'The client\'s certificate (PEM).' -rF
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" key' -l 'key' -d 'The key (PEM) of --cert, when it is in a separate file.' -rF
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" authfile' -l 'authfile' -d 'Look for credentials in FILE only. Default: containers\' and Docker\'s files.' -rF
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" retries' -l 'retries' -d 'Repeat a request that failed temporarily up to N times.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" timeout' -l 'timeout' -d 'Give up a connection or transfer after this time without progress.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" chunk-size' -l 'chunk-size' -d 'Upload blobs in parts of N MiB, 1 to 64. Default: parts only where a registry needs them.' -rfka ''
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" progress' -l 'progress' -d 'Show transfers on stderr: one line on a terminal, plain lines, or nothing.' -rfka 'auto plain none'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" version' -l 'version' -d 'Show the version.'
complete -c 'oci-fetch' -n '__oci-fetch_should_offer_completions_for_flags_or_options "oci-fetch" h help' -s 'h' -l 'help' -d 'Show help information.'
