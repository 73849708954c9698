# shellcheck shell=sh
# The program: where the tools are, what is asked, and whether it is printed or run.

# Drops the empty parts of PATH: they mean the current directory, from which nothing is to be run. Sets
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

# Puts the directory of this file in front of PATH when the tools are there. `tools_path` is the line of the
# script that does so.
find_tools() {
	tools_path=
	case $0 in
	/*) self=$0 ;;
	*) self=$PWD/${0#./} ;;
	esac
	if [ ! -x "${self%/*}/oci-tar" ] && [ -L "$self" ]; then self=$(readlink -f -- "$self"); fi
	directory=${self%/*}
	[ -x "$directory/oci-tar" ] && [ "$directory" != "$ocinoco_tools" ] || return 0
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
	case ${1-} in
	--version)
		oci-zstd --version
		# What follows its first line, which is the same.
		remote=$(oci-fetch --version)
		printf '%s\n' "${remote#*"$newline"}"
		;;
	help)
		[ $# -gt 1 ] || set -- help all
		[ "$2" = all ] || is_command "$2" || unknown command "$2" "$commands"
		"help_$2"
		;;
	*) compose "$@" ;;
	esac
}

# Descriptors that the caller closed become ones on which reading and writing fail.
{ true 9<&0; } 2>/dev/null || exec 0>/dev/null
{ true 9>&1; } 2>/dev/null || exec 1</dev/null
{ true 9>&2; } || exec 2</dev/null

clean_path
choose_state
set_traps
# What is only printed needs no directory.
mkdir -m 700 -- "$ocinoco_state" 2>/dev/null || :
if [ ! -d "$ocinoco_state" ]; then
	(answer "$@")
	exit
fi
# Not by a command substitution: while bash waits for one, it loses a SIGINT that it alone gets.
(answer "$@") >"$ocinoco_state/script"
read -r ocinoco_line <"$ocinoco_state/script" || exit 74
case $ocinoco_line in
': run') run_composed ;;
*) cat -- "$ocinoco_state/script" 2>/dev/null || die 74 'cannot write to stdout' ;;
esac
