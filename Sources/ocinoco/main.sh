# shellcheck shell=sh
# The program: where the tools are, what is asked, and whether it is printed or run.

# Puts the directory in which the tools are, if it is the script's own, in front of PATH. A part of PATH
# that is empty means the current directory, from which nothing is to be run.
find_tools() {
	case $0 in
	*/*) set -- "$0" ;;
	*) set -- "./$0" ;;
	esac
	if [ ! -x "${1%/*}/oci-tar" ] && [ -L "$1" ]; then set -- "$(readlink -f -- "$1")"; fi
	set -- "${1%/*}/"
	if [ -x "$1/oci-tar" ]; then set -- "$(CDPATH='' cd -- "$1" && pwd)"; else set -- ''; fi
	ocinoco_tools=
	case :${PATH-}: in
	*::*) clean_path ;;
	esac
	[ -n "$1" ] && [ "$(command -v oci-tar)" != "$1/oci-tar" ] || return 0
	case $1 in
	*:*) die 78 "no PATH can lead to the tools in '$1', whose name has a colon" ;;
	esac
	ocinoco_tools=$1 PATH=$1:$PATH
}

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

# What is asked, as text to print, or as a script to run that begins with `: run`.
answer() {
	LC_ALL=C
	command=
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

# Descriptors that the caller closed become ones on which reading and writing fail.
{ true 9<&0; } 2>/dev/null || exec 0>/dev/null
{ true 9>&1; } 2>/dev/null || exec 1</dev/null
{ true 9>&2; } || exec 2</dev/null

set_traps
find_tools
ocinoco_script=$(answer "$@")
case $ocinoco_script in
': run'*) run_composed ;;
*) { printf '%s\n' "$ocinoco_script"; } 2>/dev/null || die 74 'cannot write to stdout' ;;
esac
