function __oci-tar_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-tar_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __oci-tar_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __oci-tar_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __oci-tar_parse_tokens -S
    set -l unparsed_tokens (__oci-tar_tokens -pc)
    switch $unparsed_tokens[1]
    case 'oci-tar'
        __oci-tar_parse_subcommand -r 1 'fingerprint' 'root-dir=' 'uid=' 'gid=' 'keep-owner' 'rootless' 'chmod=' 'as=' 'mtime=' 'exclude=+' 'exclude-from=+' 'dockerignore' 'exclude-output=+' 'files-from=' 'null' 'from-tar=' 'whiteout=+' 'opaque=+' 'base=' 'parents' 'xattrs' 'copy=' 'context=' 'chown=' 'link' 'inline=+' 'unpack' 'unpack-inline' 'q/quiet' 'v/verbose' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'help'
            __oci-tar_parse_subcommand -r 1 'version'
        end
    end
end

function __oci-tar_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __oci-tar_parse_subcommand -S -a positional_count
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

function __oci-tar_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __oci-tar_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__oci-tar_tokens -p)
    if test -z "$(__oci-tar_tokens -t)"
        set -l index (count (__oci-tar_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'oci-tar' -f
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" fingerprint' -l 'fingerprint' -d 'Write no tar but its fingerprint: a line that is the same while nothing in the sources changes. No file is read.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_positional "oci-tar" -ge 1' -F
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" root-dir' -l 'root-dir' -d 'Directory of the image that the sources go under.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" uid' -l 'uid' -d 'Owner of every entry.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" gid' -l 'gid' -d 'Group of every entry.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" keep-owner' -l 'keep-owner' -d 'Keep the numeric owner and group of every file.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" rootless' -l 'rootless' -d 'Use the owners that oci-untar --rootless recorded; implies --xattrs.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" chmod' -l 'chmod' -d 'Change every mode as chmod does: octal, or as in \'u=rwX,go=rX\'.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" as' -l 'as' -d 'Store the one file SOURCE under this name, below the root directory.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" mtime' -l 'mtime' -d 'Time of every entry, or \'keep\' for each file\'s own (default: $SOURCE_DATE_EPOCH, else 0). Kept times are at most $SOURCE_DATE_EPOCH.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar"' -l 'exclude' -d 'Exclude matching paths, by .dockerignore rules.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar"' -l 'exclude-from' -d 'Exclude paths that match a line of FILE.' -rF
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" dockerignore' -l 'dockerignore' -d 'Leave out what the .dockerignore of SOURCE matches, when it has one.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar"' -l 'exclude-output' -d 'Leave out, with a warning, a file, directory or oci:DIR that is written at the same time.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" files-from' -l 'files-from' -d 'Pack only the paths listed in FILE, relative to SOURCE; \'-\' is stdin.' -rF
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" null' -l 'null' -d 'Listed paths end with a zero byte, not a newline.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" from-tar' -l 'from-tar' -d 'Rewrite a tar instead of reading files; \'-\' is stdin.' -rF
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar"' -l 'whiteout' -d 'Delete this path from the layers below.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar"' -l 'opaque' -d 'Hide what the layers below have in this directory.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" base' -l 'base' -d 'Listing of the image below, by oci-list; paths follow its symbolic links.' -rF
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" parents' -l 'parents' -d 'Write the directories above the root directory too.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" xattrs' -l 'xattrs' -d 'Keep all extended attributes, not only security.capability.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" copy' -l 'copy' -d 'Copy as COPY in a Dockerfile does; SOURCEs may have wildcards.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" context' -l 'context' -d 'Where --copy looks for SOURCEs (default: .).' -rF
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" chown' -l 'chown' -d 'Owner of the copies: numbers, or names that --base knows.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" link' -l 'link' -d 'Do not follow links of --base; use it only for the names in --chown.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar"' -l 'inline' -d 'Copy the files of DIR too, after N SOURCEs (default: all). May be repeated.' -rfka ''
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" unpack' -l 'unpack' -d 'Unpack SOURCEs that are archives, as ADD does.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" unpack-inline' -l 'unpack-inline' -d 'Unpack files of --inline that are archives.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" q quiet' -l 'quiet' -s 'q' -d 'Print errors only, no warnings.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" v verbose' -l 'verbose' -s 'v' -d 'Report each step on stderr.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" version' -l 'version' -d 'Show the version.'
complete -c 'oci-tar' -n '__oci-tar_should_offer_completions_for_flags_or_options "oci-tar" h help' -s 'h' -l 'help' -d 'Show help information.'
