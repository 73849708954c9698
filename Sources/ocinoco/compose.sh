# shellcheck shell=sh
# Composing: a command writes its pipelines with the words below, and what is written is the script that
# -n prints and that sh runs. In the one that runs each stage has `watch NUMBER LABEL` before it, and each
# pipeline `proceed` after it (run.sh).
#
#   from FILE; stage TOOL WORD...; pipe; run LABEL PROGRAM WORD...; into FILE [STATUS]
#
# The words of a stage: `arg:WORD` is for this stage; `work:NAME` is a file in the directory of intermediate
# files; `TAGS:WORD`, as the command line was rewritten, is for the stages that name one of TAGS. A FILE
# is `file:PATH`, `work:NAME`, or - for stdin and stdout. The last pipeline of a command writes
# stdout.

newline='
'

# Nothing is composed yet.
clear_script() {
	script='' pipeline='' traces='' removals='' input='' number=0
	once=0 copies='' printed_copies='' unheard='' again=''
}

# Sets `quoted` to a word as sh reads it back.
quote() {
	case $1 in
	'' | *[!A-Za-z0-9_./:=@%+,-]*) ;;
	*)
		quoted=$1
		return
		;;
	esac
	rest=$1 quoted="'"
	while :; do
		case $rest in
		*\'*) ;;
		*) break ;;
		esac
		quoted="$quoted${rest%%\'*}'\\''"
		rest=${rest#*\'}
	done
	quoted="$quoted$rest'"
}

# Sets `quoted` to a FILE, as the script has it.
place() {
	case $1 in
	work:*)
		if [ -n "$keep" ]; then quote "$keep/${1#work:}"; else quoted="\"\$$work\"/${1#work:}"; fi
		;;
	*) quote "${1#file:}" ;;
	esac
}

# from FILE: what the next stage reads. Without it, the first stage reads stdin.
from() {
	input=$1
}

# stage 'TOOL [TAG...]' WORD...: one of the oci-* tools, with the options that are for it or for TAGs.
stage() {
	groups=$1 line=${1%% *}
	shift
	for word do
		tags=${word%%:*}
		case $tags in
		arg) quote "${word#*:}" ;;
		work) place "$word" ;;
		*)
			is_selected "$tags" "$groups every" || continue
			word=${word#*:}
			case ,$tags, in
			*,once,*) quoted="${word%%=*}=\"\$$work\"/${word#*=}" ;;
			*) quote "$word" ;;
			esac
			;;
		esac
		line="$line $quoted"
	done
	add "${groups%% *}"
}

# run LABEL PROGRAM WORD...: any other program.
run() {
	label=$1
	shift
	quote_words "$@"
	add "$label"
}

# Sets `line` to words, of which some may be FILEs.
quote_words() {
	line=
	for word do
		case $word in
		work:* | file:*) place "$word" ;;
		*) quote "$word" ;;
		esac
		line="$line${line:+ }$quoted"
	done
}

# add LABEL: adds the stage in `line` to the pipeline.
add() {
	number=$((number + 1))
	if [ "$dry_run" = no ]; then
		pipeline="${pipeline}watch $number ${unheard:-$1} "
		quote "$line"
		[ "$verbose" = no ] || traces="${traces}say $quoted$newline"
	fi
	pipeline=$pipeline$line
	case $input in
	- | '') ;;
	*)
		place "$input"
		pipeline="$pipeline <$quoted"
		;;
	esac
	input=
}

# pipe: the next stage reads what the last one writes.
pipe() {
	pipeline="$pipeline |$newline	"
}

# beside FILE: the last stage writes FILE while the next stage runs, which does not read it. When `unheard` was -
# at that stage, its failure is ignored, and FILE is empty then.
beside() {
	unheard=
	place "$1"
	pipeline="$pipeline >$quoted"
	[ "$verbose" = yes ] || pipeline="$pipeline 2>/dev/null"
	case $keep in ?*) removals="${removals}rm -f -- $quoted$newline" ;; esac
	pipe
}

# join NAME: the next stage reads what the last one writes; with --keep, by way of the file NAME.
join() {
	if [ -z "$keep" ]; then
		[ -z "$pipeline" ] || pipe
		return
	fi
	case $pipeline$input in
	# It is kept already.
	work:*) return ;;
	'' | file:*) run cat cat ;;
	esac
	into "work:$1"
	from "work:$1"
}

# into FILE [STATUS]: the last stage writes FILE, and the pipeline is complete. With STATUS, the lines up to
# `end_otherwise` run only when the pipeline ends with that status.
into() {
	if [ "$1" != - ]; then
		place "$1"
		pipeline="$pipeline >$quoted"
		case $keep:$1 in ?*:work:*) removals="${removals}rm -f -- $quoted$newline" ;; esac
	fi
	case $dry_run:${2-} in
	no:) set -- '' proceed ;;
	no:*) set -- ' || {' "forgive $2" ;;
	yes:) set -- '' '' ;;
	# For a tool that answers yes or no. A printed script does not tell no from a failure.
	yes:1) set -- ' || {' '' ;;
	yes:*) set -- ' || {' "case \$? in $2) ;; *) exit \"\$?\" ;; esac" ;;
	esac
	write "$removals$traces$pipeline$1"
	[ -z "$2" ] || write "$2"
	pipeline='' traces='' removals='' number=0
}

# if_lines NAME: the lines up to `write fi` run only when the file NAME is not empty.
if_lines() {
	place "work:$1"
	write "if [ -s $quoted ]; then"
}

end_otherwise() {
	write '}'
	[ "$dry_run" = yes ] || write proceed
}

# write TEXT: a line of the script.
write() {
	script=$script$1$newline
}

# write_command WORD...: a command outside a pipeline, which must succeed.
write_command() {
	quote_words "$@"
	write "$line || exit 73"
}

# Writes what was composed: for sh, or to be printed.
write_script() {
	if [ "$dry_run" = yes ]; then
		print_head
		copies=$printed_copies
	else
		[ -d "$ocinoco_state" ] || {
			# It says why there is none.
			mkdir -- "$ocinoco_state" || :
			exit 73
		}
		# shellcheck disable=SC2016 # for the shell that runs the script
		printf ': run\n%s=$ocinoco_state\n%s' "$work" "$tools_path"
	fi
	[ -z "$keep" ] || {
		quote "$keep"
		# What is kept is a new file, and no link is followed.
		printf 'set -C\nmkdir -p -- %s || exit 73\n' "$quoted"
	}
	printf %s "$copies$script"
}

# What -n prints before the pipelines.
print_head() {
	printf 'set -eu\n%s' "$tools_path"
	case $copies$script in *"\"\$$work\"/"*) ;; *) return 0 ;; esac
	# shellcheck disable=SC2016
	echo "$work"'=$(mktemp -d)'
	case ${TMPDIR:-/} in
	/*) ;;
	*) echo "case \$$work in /*) ;; *) $work=./\$$work ;; esac" ;;
	esac
	quote "rm -rf -- \"\$$work\""
	printf '%s\n' "trap $quoted EXIT" "trap 'exit 129' HUP" "trap 'exit 130' INT" \
		"trap 'exit 131' QUIT" "trap 'exit 143' TERM"
}

# A file `value` that can be read only once, such as a pipe, is copied, and the stages `tools` read the copy. Only
# the user can read that.
read_once() {
	if [ ! -e "$value" ] || [ -f "$value" ] || [ -d "$value" ]; then return 0; fi
	once=$((once + 1))
	quote "$value"
	tools=$tools,once value=once.$once
	# shellcheck disable=SC2016 # for the shell that runs the script
	reader="sh -c 'umask 077; cat -- \"\$1\" >\"\$2\"' cat $quoted \"\$$work\"/$value"
	printed_copies="$printed_copies$reader$newline"
	copies="${copies}watch 1 cat $reader${newline}proceed$newline"
}
