function __oci-sign_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-sign_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-sign_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-sign_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-sign_parse_tokens -S
    set -l unparsed_tokens (__oci-sign_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-sign'
        __oci-sign_parse_subcommand -r 1 'sign-key=' 'sign-command=' 'verify-key=' 'password-file=' 'predicate=' 'type=' 'annotation=+' 'legacy' 'identity=' 'check' 'plain-http' 'tls-verify=' 'ca-file=' 'cert=' 'key=' 'authfile=' 'retries=' 'timeout=' 'chunk-size=' 'progress=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-sign_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-sign_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-sign_parse_subcommand -S -a positional_count
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

function __oci-sign_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-sign_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-sign_tokens -p)
    if test -z "$(__oci-sign_tokens -t)"
        set -l index (count (__oci-sign_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-sign' -f
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" sign-key' -l 'sign-key' -d 'Sign with the private key (PEM, or cosign\'s) in FILE.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" sign-command' -l 'sign-command' -d 'Sign with CMD: it reads bytes on stdin and writes their signature to stdout.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" verify-key' -l 'verify-key' -d 'Check the signature with the public key in FILE before it is pushed.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" password-file' -l 'password-file' -d 'Read the password of the key from FILE. Default: COSIGN_PASSWORD, or a terminal.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" predicate' -l 'predicate' -d 'Sign that the JSON in FILE is true of it: a predicate, or a whole statement.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" type' -l 'type' -d 'Type of the predicate: a URI, or one of cosign\'s names, such as spdxjson.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign"' -l 'annotation' -d 'Sign this annotation too.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" legacy' -l 'legacy' -d 'Write the tag sha256-HEX.sig, as cosign did before version 3.'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" identity' -l 'identity' -d 'The repository that a --legacy signature is for. Default: REF\'s.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" check' -l 'check' -d 'Only check that the keys can be used. Without REF.'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" plain-http' -l 'plain-http' -d 'Use HTTP, not HTTPS, for every registry. Registries on loopback are tried over HTTP anyway.'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" tls-verify' -l 'tls-verify' -d 'Verify the certificates of registries.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" ca-file' -l 'ca-file' -d 'Trust the certificates (PEM) in FILE too.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" cert' -l 'cert' -d 'The client\'s certificate (PEM).' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" key' -l 'key' -d 'The key (PEM) of --cert, when it is in a separate file.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" authfile' -l 'authfile' -d 'Look for credentials in FILE only. Default: containers\' and Docker\'s files.' -rF
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" retries' -l 'retries' -d 'Repeat a request that failed temporarily up to N times.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" timeout' -l 'timeout' -d 'Give up a connection or transfer after this time without progress.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" chunk-size' -l 'chunk-size' -d 'Upload blobs in parts of N MiB, 1 to 64. Default: parts only where a registry needs them.' -rfka ''
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" progress' -l 'progress' -d 'Show transfers on stderr: one line on a terminal, plain lines, or nothing.' -rfka 'auto plain none'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" version' -l 'version' -d 'Show the version.'
complete -c 'oci-sign' -n '__oci-sign_should_offer_completions_for_flags_or_options "oci-sign" h help' -s 'h' -l 'help' -d 'Show help information.'
