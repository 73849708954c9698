# shellcheck shell=sh
# Composing: a command writes its pipelines with the words below, and what is written is the script that
# -n prints and that sh runs. In the one that runs each stage has `watch NUMBER LABEL` before it, and each
# pipeline `proceed` after it (run.sh).
#
#   from FILE; stage TOOL WORD...; pipe; run LABEL PROGRAM WORD...; into FILE [STATUS]
#
# The words of a stage: `arg:WORD` is for this stage; `work:NAME` is a file of the directory of intermediate
# files; `TAGS:WORD`, as the command line was rewritten, is for those of TAGS that the stage names. A FILE
# is `file:PATH`, `work:NAME`, `part:PATH`, or - for stdin and stdout.

newline='
'

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
	part:*)
		quote "${1#part:}.part-"
		quoted="$quoted\"\${$work##*.}\""
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

# Whether the list TAGS, with commas, has one of GROUPS.
is_selected() {
	for group in $2; do
		case ,$1, in *",$group,"*) return 0 ;; esac
	done
	return 1
}

# run LABEL PROGRAM WORD...: any other program.
run() {
	label=$1 line=
	shift
	for word do
		case $word in
		work:* | file:* | part:*) place "$word" ;;
		*) quote "$word" ;;
		esac
		line="$line${line:+ }$quoted"
	done
	add "$label"
}

# Adds the stage in `line` to the pipeline.
add() {
	number=$((number + 1))
	if [ "$printing" = no ]; then
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

# The next stage reads what the last one writes.
pipe() {
	pipeline="$pipeline |$newline	"
}

# beside FILE: the last stage writes FILE while the next one runs, which does not read it. When it fails,
# nobody hears of it and FILE is empty.
beside() {
	place "$1"
	pipeline="$pipeline >$quoted"
	[ "$verbose" = yes ] || pipeline="$pipeline 2>/dev/null"
	case $keep in ?*) removals="${removals}rm -f -- $quoted$newline" ;; esac
	pipe
}

# keep_copy NAME: a copy of what passes goes to NAME, a new file whoever else writes to the directory.
keep_copy() {
	pipe
	run tee tee /dev/fd/9
	place "work:$1"
	removals="${removals}rm -f -- $quoted$newline"
	pipeline="$pipeline 9>$quoted"
}

# into FILE [STATUS]: where the last stage writes. The pipeline is whole. With STATUS, what follows up to
# `end_otherwise` is for the case that the pipeline fails so.
into() {
	if [ "$1" != - ]; then
		place "$1"
		pipeline="$pipeline >$quoted"
		case $keep:$1 in ?*:work:*) removals="${removals}rm -f -- $quoted$newline" ;; esac
	fi
	case $printing:${2-} in
	no:) set -- '' proceed ;;
	no:*) set -- ' || {' "forgive $2" ;;
	yes:) set -- '' '' ;;
	# Of a question, every answer but yes leads to the same.
	yes:1) set -- ' || {' '' ;;
	yes:*) set -- ' || {' "case \$? in $2) ;; *) exit \"\$?\" ;; esac" ;;
	esac
	write "$removals$traces$pipeline$1"
	[ -z "$2" ] || write "$2"
	pipeline='' traces='' removals='' number=0
}

end_otherwise() {
	write '}'
	[ "$printing" = yes ] || write proceed
}

# write TEXT: a line of the script.
write() {
	script=$script$1$newline
}

# write_command WORD...: a command that is no stage, and must succeed.
write_command() {
	line=
	for word do
		quote "$word"
		line="$line${line:+ }$quoted"
	done
	write "$line || exit 73"
}

# Writes what was composed: for sh, or to be printed.
write_script() {
	if [ "$printing" = yes ]; then
		print_head
		copies=$printed_copies
	else
		# shellcheck disable=SC2016 # for the shell that runs the script
		printf ': run\n%s=$ocinoco_state\n' "$work"
		[ -z "$part" ] || {
			place "$part"
			quote "rm -f -- $quoted"
			printf 'trap %s EXIT\n' "$quoted"
		}
	fi
	# What is made is new, and no link is followed.
	[ -z "$keep" ] || echo 'set -C'
	[ -z "$keep" ] || {
		quote "$keep"
		printf 'mkdir -p -- %s || exit 73\n' "$quoted"
	}
	printf %s "$copies$script"
}

# What -n prints before the pipelines.
print_head() {
	echo 'set -eu'
	if [ -n "$ocinoco_tools" ]; then
		quote "$ocinoco_tools"
		# shellcheck disable=SC2016
		printf 'PATH=%s:$PATH\n' "$quoted"
	fi
	case $copies$script in
	*"\"\$$work\"/"* | *"\"\${$work##"*) ;;
	*) return 0 ;;
	esac
	# shellcheck disable=SC2016
	echo "$work"'=$(mktemp -d)'
	case ${TMPDIR:-/} in
	/*) ;;
	*) echo "case \$$work in /*) ;; *) $work=./\$$work ;; esac" ;;
	esac
	trash="rm -rf -- \"\$$work\""
	[ -z "$part" ] || {
		place "$part"
		trash="$trash $quoted"
	}
	quote "$trash"
	printf '%s\n' "trap $quoted EXIT" "trap 'exit 129' HUP" "trap 'exit 130' INT" \
		"trap 'exit 131' QUIT" "trap 'exit 143' TERM"
}

# read_once FILE: FILE, which cannot be read twice, is read once. Each stage reads `copy`, a file in the
# directory of intermediate files that is the user's alone.
read_once() {
	once=$((once + 1))
	copy=once.$once
	quote "$1"
	# shellcheck disable=SC2016 # for the shell that runs the script
	reader="sh -c 'umask 077; cat -- \"\$1\" >\"\$2\"' cat $quoted \"\$$work\"/$copy"
	printed_copies="$printed_copies$reader$newline"
	copies="${copies}watch 1 cat $reader${newline}proceed$newline"
}
