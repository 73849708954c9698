function __oci-dockerfile_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-dockerfile_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-dockerfile_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-dockerfile_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-dockerfile_parse_tokens -S
    set -l unparsed_tokens (__oci-dockerfile_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-dockerfile'
        __oci-dockerfile_parse_subcommand 0 'ast' 'file=' 'context=' 'target=' 'build-arg=+' 'platform=+' 'tag=+' 'output=+' 'isolation=' 'secret=+' 'cache=' 'cache-repo=+' 'reuse=' 'no-base-listing' 'squash' 'mtime=' 'entrypoint=' 'cmd=' 'env=+' 'unset-env=+' 'workdir=' 'user=' 'label=+' 'expose=+' 'volume=+' 'stop-signal=' 'healthcheck=' 'no-healthcheck' 'author=' 'created=' 'clear=+' 'history=+' 'patch=+' 'plain-http' 'tls-verify=' 'ca-file=' 'cert=' 'key=' 'authfile=' 'retries=' 'timeout=' 'chunk-size=' 'progress=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-dockerfile_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-dockerfile_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-dockerfile_parse_subcommand -S -a positional_count
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

function __oci-dockerfile_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-dockerfile_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-dockerfile_tokens -p)
    if test -z "$(__oci-dockerfile_tokens -t)"
        set -l index (count (__oci-dockerfile_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-dockerfile' -f
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" ast' -l 'ast' -d 'Print the parsed Dockerfile as JSON lines, and read nothing else.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" file' -l 'file' -d 'The Dockerfile; \'-\' is stdin, the default.' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" context' -l 'context' -d 'Directory that COPY copies from.' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" target' -l 'target' -d 'Build this stage, by name or number (default: the last one).' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'build-arg' -d 'Value of an ARG; without \'=\', from the environment.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'platform' -d 'Platforms of the image, with commas (default: this machine\'s).' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'tag' -d 'Push the image here.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'output' -d 'Write it to a layout, oci:DIR[:TAG].' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" isolation' -l 'isolation' -d 'How RUN runs programs: by runc or crun, or by chroot.' -rfka 'oci chroot'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'secret' -d 'Secret for RUN --mount.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" cache' -l 'cache' -d 'Keep the layers of RUN here, and the directories of its cache mounts.' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'cache-repo' -d 'Keep the layers of RUN as tags of this repository. May be repeated.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" reuse' -l 'reuse' -d 'Image whose layers are reused; \'auto\' is the image that has the new tag now.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" no-base-listing' -l 'no-base-listing' -d 'Copy without listing the base image, as COPY --link does.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" squash' -l 'squash' -d 'Join all layers that the Dockerfile adds into one.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" mtime' -l 'mtime' -d 'Time of copied files, as --mtime of oci-tar.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" entrypoint' -l 'entrypoint' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" cmd' -l 'cmd' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'env' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'unset-env' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" workdir' -l 'workdir' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" user' -l 'user' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'label' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'expose' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'volume' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" stop-signal' -l 'stop-signal' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" healthcheck' -l 'healthcheck' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" no-healthcheck' -l 'no-healthcheck' -d 'Passed to oci-config.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" author' -l 'author' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" created' -l 'created' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'clear' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'history' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile"' -l 'patch' -d 'Passed to oci-config.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" plain-http' -l 'plain-http' -d 'Use HTTP, not HTTPS, for every registry. Registries on loopback are tried over HTTP anyway.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" tls-verify' -l 'tls-verify' -d 'Verify the certificates of registries.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" ca-file' -l 'ca-file' -d 'Trust the certificates (PEM) in FILE too.' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" cert' -l 'cert' -d 'The client\'s certificate (PEM).' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" key' -l 'key' -d 'The key (PEM) of --cert, when it is in a separate file.' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" authfile' -l 'authfile' -d 'Look for credentials in FILE only. Default: containers\' and Docker\'s files.' -rF
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" retries' -l 'retries' -d 'Repeat a request that failed temporarily up to N times.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" timeout' -l 'timeout' -d 'Give up a connection or transfer after this time without progress.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" chunk-size' -l 'chunk-size' -d 'Upload blobs in parts of N MiB, 1 to 64. Default: parts only where a registry needs them.' -rfka ''
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" progress' -l 'progress' -d 'Show transfers on stderr: one line on a terminal, plain lines, or nothing.' -rfka 'auto plain none'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" version' -l 'version' -d 'Show the version.'
complete -c 'oci-dockerfile' -n '__oci-dockerfile_should_offer_completions_for_flags_or_options "oci-dockerfile" h help' -s 'h' -l 'help' -d 'Show help information.'
