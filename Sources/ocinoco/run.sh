# shellcheck shell=sh
# Running: the composed script is run by a subshell of this shell, and each stage of its pipelines by one of
# `watch`. No descriptor and no variable of the caller's is touched but those that begin with ocinoco_, which
# are the wrapper's own. All that is known of a run is in the directory $ocinoco_state: `script`;
# `stage.N`, the process of each stage that runs; `failed`, how stages failed; and `stop`, when no more are
# to be started.

# start COMMAND...: in the background, with the stdin of this shell, for which a shell that starts something
# in the background opens /dev/null. In between it is a descriptor that nobody has open.
start() {
	case $ocinoco_free in
	3) { "$@" <&3 3<&- & } 3<&0 ;;
	4) { "$@" <&4 4<&- & } 4<&0 ;;
	5) { "$@" <&5 5<&- & } 5<&0 ;;
	6) { "$@" <&6 6<&- & } 6<&0 ;;
	7) { "$@" <&7 7<&- & } 7<&0 ;;
	*) { "$@" <&8 8<&- & } 8<&0 ;;
	esac
}

find_free_descriptor() {
	ocinoco_free=3
	while [ "$ocinoco_free" -lt 8 ] && { command true <&"$ocinoco_free"; } 2>/dev/null; do
		ocinoco_free=$((ocinoco_free + 1))
	done
}

# watch NUMBER LABEL COMMAND...: runs a stage, and records how it ended if it failed, unless LABEL is -.
watch() {
	# This shell outlives its stage, whatever is sent to all of them.
	trap : HUP INT QUIT TERM
	start replace "$@"
	ocinoco_pid=$! ocinoco_failure=0
	echo "$ocinoco_pid" >|"$ocinoco_state/stage.$1"
	[ ! -e "$ocinoco_state/stop" ] || kill -TERM "$ocinoco_pid" 2>/dev/null || :
	# A signal for this shell ends `wait`, not the stage. Some shells say by themselves how a stage ended.
	while :; do
		{ wait "$ocinoco_pid"; } 2>/dev/null || ocinoco_failure=$?
		kill -0 "$ocinoco_pid" 2>/dev/null || break
		ocinoco_failure=0
	done
	: >|"$ocinoco_state/stage.$1"
	# ksh93 calls an end by signal N 256 + N, and yash 384 + N.
	if [ "$ocinoco_failure" -gt 384 ]; then
		ocinoco_failure=$((ocinoco_failure - 256))
	elif [ "$ocinoco_failure" -gt 256 ]; then
		ocinoco_failure=$((ocinoco_failure - 128))
	fi
	case $ocinoco_failure:$2 in
	0:* | *:-) return 0 ;;
	1:cat) ocinoco_failure=74 ;;
	1:mv) ocinoco_failure=73 ;;
	esac
	echo "$1 $ocinoco_failure $2" >>"$ocinoco_state/failed"
	return "$ocinoco_failure"
}

replace() {
	shift 2
	exec "$@"
}

# After each pipeline: goes on when no stage failed and the wrapper is there.
proceed() {
	[ ! -s "$ocinoco_state/failed" ] || exit 1
	[ ! -e "$ocinoco_state/stop" ] || exit 1
	kill -0 "$$" 2>/dev/null || exit 1
}

# After a pipeline that failed: goes on when its stages ended with STATUS, or by the pipes that this broke.
forgive() {
	[ -s "$ocinoco_state/failed" ] || exit 1
	while read -r number failure label; do
		case $failure in "$1" | 141) ;; *) exit 1 ;; esac
	done <"$ocinoco_state/failed"
	: >|"$ocinoco_state/failed"
	proceed
}

run_script() {
	trap : HUP TERM
	# Without it, ksh93 waits for no stage of a pipeline but the last.
	# shellcheck disable=SC3040 # it is tried first
	case ${KSH_VERSION-} in
	*93*) if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi ;;
	esac
	# shellcheck source=/dev/null
	. "$ocinoco_state/script"
}

# Ends the stages that run.
stop_stages() {
	for ocinoco_file in "$ocinoco_state"/stage.*; do
		[ -s "$ocinoco_file" ] || continue
		read -r ocinoco_stage <"$ocinoco_file" || continue
		kill -TERM "$ocinoco_stage" 2>/dev/null || :
	done
}

# end_by_signal SIGNAL STATUS: ends as the signal would have ended it, when all stages have ended and nothing is left of them.
#
# The stages are told again and again: one that was just about to start may not have heard it. No `wait`,
# which in a trap some shells never come back from; the shell takes note of its child during `sleep`.
end_by_signal() {
	trap '' HUP INT PIPE QUIT TERM
	if [ -n "${!-}" ]; then
		: >|"$ocinoco_state/stop"
		while kill -0 "$!" 2>/dev/null; do
			stop_stages
			sleep 0.1 || :
		done
	fi
	clean_up
	trap - EXIT "$1"
	kill -s "$1" "$$"
	exit "$2"
}

# A name that nothing has, for the directory of this run.
choose_state() {
	ocinoco_state=${TMPDIR:-/tmp}/tmp.$PPID.$$ ocinoco_number=0
	case $ocinoco_state in /*) ;; *) ocinoco_state=./$ocinoco_state ;; esac
	while [ -e "$ocinoco_state" ] || [ -L "$ocinoco_state" ]; do
		ocinoco_number=$((ocinoco_number + 1))
		ocinoco_state=${ocinoco_state%".$$"*}.$$.$ocinoco_number
	done
}

set_traps() {
	trap clean_up EXIT
	trap 'end_by_signal HUP 129' HUP
	trap 'end_by_signal INT 130' INT
	trap 'end_by_signal PIPE 141' PIPE
	trap 'end_by_signal QUIT 131' QUIT
	trap 'end_by_signal TERM 143' TERM
}

clean_up() {
	[ ! -d "$ocinoco_state" ] || rm -rf -- "$ocinoco_state"
}

# Runs what was composed, and ends with the status of the first stage that failed.
run_composed() {
	find_free_descriptor
	start run_script
	ocinoco_status=0
	{ wait "$!"; } 2>/dev/null || ocinoco_status=$?
	[ "$ocinoco_status" -eq 0 ] || name_culprit
}

# A stage that a broken pipe ended, or a tool that answered no, is not the cause unless there is no other.
name_culprit() {
	stop_stages
	ocinoco_least=9999 ocinoco_cause=$ocinoco_status ocinoco_stage=
	[ ! -s "$ocinoco_state/failed" ] || while read -r number failure label; do
		case $failure:$label in 141:* | 1:oci-*) number=$((number + 1000)) ;; esac
		[ "$number" -lt "$ocinoco_least" ] || continue
		ocinoco_least=$number ocinoco_cause=$failure ocinoco_stage=$label
	done <"$ocinoco_state/failed"
	case $ocinoco_stage:$ocinoco_cause:$ocinoco_status in
	# No stage, but a file that the shell could not open or make, which it said.
	:[12]:* | *:141:[12]) exit 73 ;;
	# A tool that answers a question by it, and says nothing.
	oci-*:1:*) exit 1 ;;
	:*) exit "$ocinoco_cause" ;;
	esac
	die "$ocinoco_cause" "$ocinoco_stage failed with status $ocinoco_cause"
}
