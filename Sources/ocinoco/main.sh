# shellcheck shell=sh
# The program: finds the tools, parses the command line, and prints or runs the script.

# Removes empty parts of PATH, which mean the current directory: no program is run from there. Sets
# `ocinoco_tools` to the first part that has the tools.
clean_path() {
	set -f
	IFS=:
	# shellcheck disable=SC2086 # parts
	set -- ${PATH-}
	unset IFS
	set +f
	# shellcheck disable=SC2123 # it is the search path
	PATH='' ocinoco_tools=''
	for ocinoco_part do
		[ -n "$ocinoco_part" ] || continue
		PATH=$PATH${PATH:+:}$ocinoco_part
		[ -n "$ocinoco_tools" ] || [ ! -x "$ocinoco_part/oci-tar" ] || ocinoco_tools=$ocinoco_part
	done
	PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
}

# Prepends the directory of this file to PATH when the tools are there. `tools_path` is the line of the script
# for this.
find_tools() {
	tools_path=
	case $0 in /*) self=$0 ;; *) self=$PWD/${0#./} ;; esac
	if [ ! -x "${self%/*}/oci-tar" ] && [ -L "$self" ]; then self=$(readlink -f -- "$self"); fi
	directory=${self%/*}
	[ -x "$directory/oci-tar" ] && [ "$directory" != "$ocinoco_tools" ] || return 0
	case $directory in *:*) die 78 "no PATH can lead to the tools in '$directory', whose name has a colon" ;; esac
	PATH=$directory:$PATH ocinoco_tools=$directory
	quote "$directory"
	tools_path="PATH=$quoted:\$PATH$newline"
}

# Ends when the tools, or the programs that every script needs, are missing.
check_tools() {
	[ -n "$ocinoco_tools" ] || die 78 'the tools are neither in PATH nor beside ocinoco'
	command -v mkdir >/dev/null || die 78 'no mkdir in PATH'
}

# The result of the command line: a text to print, or a script to run, which begins with `: run`.
answer() {
	LC_ALL=C command=
	find_tools
	# A variable name for the script that the caller does not use.
	work=${work+ocinoco_}work
	case ${1-} in
	--version)
		check_tools
		oci-zstd --version
		# The text after the common first line.
		remote=$(oci-fetch --version)
		printf '%s\n' "${remote#*"$newline"}"
		;;
	help) compose ${2+"$2"} --help ;;
	*) compose "$@" ;;
	esac
}

# Descriptors that the caller closed are replaced by ones on which reading and writing fail.
{ true 9<&0; } 2>/dev/null || exec 0>/dev/null
{ true 9>&1; } 2>/dev/null || exec 1</dev/null
{ true 9>&2; } || exec 2</dev/null

clean_path
choose_state
set_traps
# Printing needs no directory.
mkdir -m 700 -- "$ocinoco_state" 2>/dev/null || :
if [ ! -d "$ocinoco_state" ]; then
	(answer "$@")
	exit
fi
true >"$ocinoco_state/script" || exit 74
# Not by a command substitution: while bash waits for one, it loses a SIGINT that only bash gets.
(answer "$@") >"$ocinoco_state/script"
read -r ocinoco_line <"$ocinoco_state/script" || exit 74
case $ocinoco_line in
': run') run_composed ;;
*)
	# The reader may have gone: SIGPIPE, in the numbers of most shells, of ksh93 and of yash.
	cat -- "$ocinoco_state/script" 2>/dev/null ||
		case $? in 141 | 269 | 397) exit 141 ;; *) die 74 'cannot write to stdout' ;; esac
	;;
esac
