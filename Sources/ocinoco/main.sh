# shellcheck shell=sh
# The program: where the tools are, what is asked, and whether it is printed or run.

# A part of PATH that is empty means the current directory, from which nothing is to be run.
clean_path() {
	set -- ":${PATH-}:"
	while :; do
		case $1 in
		*::*) set -- "${1%%::*}:${1#*::}" ;;
		*) break ;;
		esac
	done
	set -- "${1#:}"
	set -- "${1%:}"
	PATH=${1:-/usr/local/bin:/usr/bin:/bin}
}

# Puts the directory of this file in front of PATH when the tools are there. `tools_path` is what the script
# then has to do.
find_tools() {
	tools_path=
	case $0 in
	*/*) file=$0 ;;
	*) file=./$0 ;;
	esac
	if [ ! -x "${file%/*}/oci-tar" ] && [ -L "$file" ]; then file=$(readlink -f -- "$file"); fi
	[ -x "${file%/*}/oci-tar" ] || return 0
	directory=$(CDPATH='' cd -- "${file%/*}/" && pwd)
	[ "$(command -v oci-tar)" != "$directory/oci-tar" ] || return 0
	case $directory in
	*:*) die 78 "no PATH can lead to the tools in '$directory', whose name has a colon" ;;
	esac
	PATH=$directory:$PATH
	quote "$directory"
	tools_path="PATH=$quoted:\$PATH$newline"
}

# What is asked: a text to print, or a script to run, which begins with `: run`.
answer() {
	LC_ALL=C
	command=
	find_tools
	# The name of a variable in the script that is none of the caller's.
	work=${work+ocinoco_}work
	before=
	while [ $# -gt 0 ]; do
		case $1 in
		-n | -q | -v | --dry-run | --quiet | --verbose) before="$before $1" ;;
		*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || usage_error 'no command'
	case $1 in
	-h | --help) help_all ;;
	--version)
		oci-zstd --version
		# What follows its first line, which is the same.
		remote=$(oci-fetch --version)
		printf '%s\n' "${remote#*"$newline"}"
		;;
	help)
		[ $# -gt 1 ] || set -- help all
		[ "$2" = all ] || is_one_of "$2" "$commands" || unknown command "$2" "$commands"
		"help_$2"
		;;
	-*) unknown option "$1" '--dry-run --quiet --verbose --help --version' ;;
	*)
		is_one_of "$1" "$commands" || unknown command "$1" "$commands"
		word=$1
		shift
		# shellcheck disable=SC2086 # options, each one word
		compose "$word" $before "$@"
		;;
	esac
}

# Prints the text, or makes the directory $ocinoco_state with the script.
prepare() {
	ocinoco_script=$(answer "$@") || exit
	case $ocinoco_script in
	': run'*)
		mkdir -m 700 -- "$ocinoco_state" || exit 73
		printf '%s\n' "$ocinoco_script" >"$ocinoco_state/script" || exit 74
		;;
	*) { printf '%s\n' "$ocinoco_script"; } 2>/dev/null || die 74 'cannot write to stdout' ;;
	esac
}

# Descriptors that the caller closed become ones on which reading and writing fail.
{ true 9<&0; } 2>/dev/null || exec 0>/dev/null
{ true 9>&1; } 2>/dev/null || exec 1</dev/null
{ true 9>&2; } || exec 2</dev/null

clean_path
choose_state
set_traps
# In a subshell: while bash waits for a command substitution, it loses a SIGINT that it alone gets.
(prepare "$@") || exit
if [ -d "$ocinoco_state" ]; then run_composed; fi
