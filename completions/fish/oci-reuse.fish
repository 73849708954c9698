function __oci-reuse_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-reuse_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-reuse_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-reuse_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-reuse_parse_tokens -S
    set -l unparsed_tokens (__oci-reuse_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-reuse'
        __oci-reuse_parse_subcommand -r 1 'media-type=+' 'chunked' 'cache=' 'made-by=' 'keep=' 'before=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-reuse_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-reuse_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-reuse_parse_subcommand -S -a positional_count
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

function __oci-reuse_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-reuse_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-reuse_tokens -p)
    if test -z "$(__oci-reuse_tokens -t)"
        set -l index (count (__oci-reuse_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-reuse' -f
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_positional "oci-reuse" -ge 1' -F
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse"' -l 'media-type' -d 'Find only layers of this type. May be repeated.' -rfka ''
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" chunked' -l 'chunked' -d 'Find only layers that are zstd:chunked.'
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" cache' -l 'cache' -d 'Find the layer that DIR stores for the fingerprint on stdin.' -rF
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" made-by' -l 'made-by' -d 'With --cache: what compressed the layer; layers of another TEXT are not found.' -rfka ''
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" keep' -l 'keep' -d 'With --cache: store the descriptor line in FILE, if the tree did not change.' -rF
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" before' -l 'before' -d 'With --keep: the fingerprint from before the layer was made.' -rF
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" version' -l 'version' -d 'Show the version.'
complete -c 'oci-reuse' -n '__oci-reuse_should_offer_completions_for_flags_or_options "oci-reuse" h help' -s 'h' -l 'help' -d 'Show help information.'
