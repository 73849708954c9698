function __oci-provenance_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-provenance_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-provenance_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-provenance_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-provenance_parse_tokens -S
    set -l unparsed_tokens (__oci-provenance_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-provenance'
        __oci-provenance_parse_subcommand -r 1 'image=' 'layer=+' 'builder=' 'created=' 'output=' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-provenance_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-provenance_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-provenance_parse_subcommand -S -a positional_count
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

function __oci-provenance_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-provenance_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-provenance_tokens -p)
    if test -z "$(__oci-provenance_tokens -t)"
        set -l index (count (__oci-provenance_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-provenance' -f
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" image' -l 'image' -d 'Image lines of the image that was pushed; they name its base.' -rF
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance"' -l 'layer' -d 'Descriptor line of a layer that was made from a source. May be repeated.' -rF
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" builder' -l 'builder' -d 'Who built it, as a URI (default: ocinoco:local).' -rfka ''
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" created' -l 'created' -d 'When it was built, as RFC 3339 (default: $SOURCE_DATE_EPOCH, else left out).' -rfka ''
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" output' -l 'output' -d 'Write the statement to FILE, and the descriptor line to stdout.' -rF
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" version' -l 'version' -d 'Show the version.'
complete -c 'oci-provenance' -n '__oci-provenance_should_offer_completions_for_flags_or_options "oci-provenance" h help' -s 'h' -l 'help' -d 'Show help information.'
