# shellcheck shell=sh
# Composing: a command writes its pipelines with the functions below. The result is the script that -n prints
# and that sh runs. In the script that runs, `watch NUMBER LABEL` precedes each stage, and `proceed` follows
# each pipeline (run.sh).
#
#   from FILE; stage TOOL WORD...; pipe; run LABEL PROGRAM WORD...; into FILE [STATUS [NAME]]
#
# The words of a stage: `arg:WORD` is for this stage; `work:NAME` is a file in the directory of intermediate
# files; `sh:TEXT` is TEXT as code of the script; `TAGS:WORD`, a word of the rewritten command line, is for
# the stages that name one of TAGS. A FILE is `file:PATH`, `work:NAME`, or - for stdin and stdout. The last
# pipeline of a command writes stdout.

newline='
'

# Nothing is composed yet.
clear_script() {
	script='' pipeline='' traces='' removals='' input='' number=0
	once=0 copies='' printed_copies='' unheard='' again=''
}

# Sets `quoted` to a word quoted for sh.
quote() {
	rest=$1 quoted=
	while :; do
		case $rest in *\'*) ;; *) break ;; esac
		quoted="$quoted${rest%%\'*}'\\''"
		rest=${rest#*\'}
	done
	case $1 in
	'' | *[!A-Za-z0-9_./:=@%+,-]*) quoted="'$quoted$rest'" ;;
	*) quoted=$1 ;;
	esac
}

# Sets `quoted` to a FILE, quoted for the script.
place() {
	case ${keep:+kept}:$1 in
	:work:*) quoted="\"\$$work\"/${1#work:}" ;;
	kept:work:*) quote "$keep/${1#work:}" ;;
	*) quote "${1#file:}" ;;
	esac
}

# from FILE: the stdin of the next stage. Without it, the first stage reads stdin.
from() {
	input=$1
}

# stage 'TOOL [TAG...]' WORD...: one of the oci-* tools, with its own options and those for TAGs.
stage() {
	groups=$1 line=${1%% *}
	shift
	for word do
		tags=${word%%:*}
		is_selected "$tags" "$groups every arg work sh" || continue
		word=${word#*:}
		case ,$tags, in
		,work,) place "work:$word" ;;
		,sh,) quoted=$word ;;
		*,once,*) quoted="${word%%=*}=\"\$$work\"/${word#*=}" ;;
		*) quote "$word" ;;
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

# Sets `line` to words; some may be FILEs.
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
	if [ -n "$input" ]; then
		place "$input"
		pipeline="$pipeline <$quoted"
	fi
	input=
}

# pipe: the next stage reads what the last one writes.
pipe() {
	pipeline="$pipeline |$newline	"
}

# redirect FILE: the last stage writes FILE.
redirect() {
	place "$1"
	pipeline="$pipeline >$quoted"
	[ -n "$keep" ] || return 0
	kept=$keep/${1#work:}
	if [ -e "$kept" ] && [ ! -f "$kept" ]; then die 73 "not replaced, since it is not a regular file: '$kept'"; fi
	removals="${removals}rm -f -- $quoted$newline"
}

# beside FILE: the last stage writes FILE while the next stage runs, which does not read it. When `unheard` was -
# at that stage, its failure is ignored, and FILE is empty then.
beside() {
	unheard=
	redirect "$1"
	[ "$verbose" = yes ] || pipeline="$pipeline 2>/dev/null"
	pipe
}

# join NAME: the next stage reads what the last one writes; with --keep, by way of the file NAME.
join() {
	if [ -z "$keep" ]; then [ -z "$pipeline" ] || pipe; return; fi
	case $pipeline$input in
	# The file is stored already.
	work:*) return ;;
	'' | file:*) run cat cat ;;
	esac
	through "work:$1"
}

# through FILE: the last stage writes FILE, the pipeline is complete, and the next stage reads FILE.
through() {
	into "$1"
	from "$1"
}

# into FILE [STATUS [NAME]]: the last stage writes FILE, and the pipeline is complete. With STATUS, the lines up to
# `end_otherwise` run only when the pipeline ends with that status. With NAME, they run at once when that file is
# empty; "$@" in them is --quiet when it is not.
into() {
	[ "$1" = - ] || redirect "$1"
	if [ -n "${3-}" ]; then
		place "work:$3"
		traces="set --${newline}[ -s $quoted ] && {${newline}set -- --quiet$newline$traces" pipeline="$pipeline$newline}"
	fi
	[ -z "${2-}" ] || pipeline="$pipeline || {"
	write "$removals$traces$pipeline"
	case $dry_run:${2-} in
	no:) write proceed ;;
	no:*) write "forgive $2${3:+ $quoted}" ;;
	# For a tool that answers yes or no. A printed script does not distinguish no from a failure.
	yes: | yes:1) ;;
	yes:*) write "case \$? in $2) ;; *) exit \"\$?\" ;; esac" ;;
	esac
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

# Writes the composed script, for sh or to be printed.
write_script() {
	body=$script script=''
	if [ "$dry_run" = yes ]; then
		copies=$printed_copies
		write_head
	else
		# mkdir reports the error.
		[ -d "$ocinoco_state" ] || { mkdir -- "$ocinoco_state" || :; exit 73; }
		write ': run'
		write "$work=\$ocinoco_state"
		script=$script$tools_path
	fi
	[ -z "$keep" ] || {
		# Kept files are new files, and no link is followed.
		write 'set -C'
		write_command mkdir -p -- "$keep"
	}
	! printf %s "$script$copies$body" 2>/dev/null || return 0
	[ -d "$ocinoco_state" ] || die 74 'cannot write to stdout'
	die 74 "cannot write '$ocinoco_state/script'"
}

# The part that -n prints before the pipelines.
write_head() {
	write 'set -eu'
	script=$script$tools_path
	case $copies$body in *"\"\$$work\"/"*) ;; *) return 0 ;; esac
	write "$work=\$(mktemp -d)"
	case ${TMPDIR:-/} in [!/]*) write "case \$$work in /*) ;; *) $work=./\$$work ;; esac" ;; esac
	quote "rm -rf -- \"\$$work\""
	write "trap $quoted EXIT"
	for word in 'HUP 129' 'INT 130' 'QUIT 131' 'TERM 143'; do
		write "trap 'exit ${word#* }' ${word% *}"
	done
}

# A file `value` that can be read only once, such as a pipe, is copied, and the stages `tools` read the copy.
# Only the user can read the copy.
read_once() {
	# Credentials are stored in the file itself.
	case $command:$option in login:--authfile | logout:--authfile) return 0 ;; esac
	case $value in
	# The stdin of a stage is another one, whatever it is.
	/dev/stdin | /dev/fd/0 | /proc/self/fd/0) ;;
	*) if [ "$value" = - ] || [ ! -e "$value" ] || [ -f "$value" ] || [ -d "$value" ]; then return 0; fi ;;
	esac
	once=$((once + 1))
	quote "$value"
	tools=$tools,once value=once.$once
	# shellcheck disable=SC2016 # for the shell that runs the script
	reader="sh -c 'umask 077; cat -- \"\$1\" >\"\$2\"' cat $quoted \"\$$work\"/$value"
	printed_copies="$printed_copies$reader$newline"
	copies="${copies}watch 1 cat $reader${newline}proceed$newline"
}
