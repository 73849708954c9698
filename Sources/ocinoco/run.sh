# shellcheck shell=sh
# Running: a subshell runs the composed script, and `watch` runs each stage of its pipelines. Descriptors and
# variables of the caller are not changed: the wrapper's own variables begin with ocinoco_. The state of a run
# is in the directory $ocinoco_state: `script`; `stage.N`, the process of each running stage; `failed`, a line
# for each failed stage; `stop`, which exists when no more stages may start.

# start COMMAND...: runs it in the background with the stdin of this shell, because a shell would give it
# /dev/null. In between, stdin is a descriptor that the caller does not use; `eval` gets only its number.
start() {
	eval "{ \"\$@\" <&$ocinoco_free $ocinoco_free<&- & } $ocinoco_free<&0"
}

# watch NUMBER LABEL COMMAND...: runs a stage, and records its failure, unless LABEL is -.
watch() {
	# A signal for the process group ends the stage, and must not end this shell first.
	trap : HUP INT QUIT TERM
	start replace "$@"
	ocinoco_pid=$! ocinoco_failure=0
	echo "$ocinoco_pid" >|"$ocinoco_state/stage.$1"
	[ ! -e "$ocinoco_state/stop" ] || kill -TERM "$ocinoco_pid" 2>/dev/null || :
	# A signal for this shell ends `wait` before the stage has ended. Some shells print how a stage ended.
	while :; do
		{ wait "$ocinoco_pid"; } 2>/dev/null || ocinoco_failure=$?
		kill -0 "$ocinoco_pid" 2>/dev/null || break
		ocinoco_failure=0
	done
	: >|"$ocinoco_state/stage.$1"
	# After signal N, the status is 256 + N in ksh93 and 384 + N in yash.
	while [ "$ocinoco_failure" -gt 256 ]; do ocinoco_failure=$((ocinoco_failure - 128)); done
	case $ocinoco_failure:$2 in
	0:* | *:-) return 0 ;;
	1:cat) ocinoco_failure=74 ;;
	1:mv) ocinoco_failure=73 ;;
	# There is no such tool, or it cannot be run.
	12[67]:oci-*) ocinoco_failure=69 ;;
	esac
	echo "$1 $ocinoco_failure $2" >>"$ocinoco_state/failed"
	return "$ocinoco_failure"
}

replace() {
	shift 2
	exec "$@"
}

# After each pipeline: ends the script when a stage failed, a signal arrived, or the wrapper has ended.
proceed() {
	if [ -s "$ocinoco_state/failed" ] || [ -e "$ocinoco_state/stop" ] || ! kill -0 "$$" 2>/dev/null; then exit 1; fi
}

# forgive STATUS [FILE]: after a pipeline that failed, or did not run because FILE is empty. Ends the script,
# unless all failed stages ended with STATUS, or by SIGPIPE because of that.
forgive() {
	if [ -n "${2-}" ] && [ ! -s "$2" ]; then return 0; fi
	[ -s "$ocinoco_state/failed" ] || exit 1
	while read -r ocinoco_number ocinoco_failure ocinoco_stage; do
		case $ocinoco_failure in "$1" | 141) ;; *) exit 1 ;; esac
	done <"$ocinoco_state/failed"
	: >|"$ocinoco_state/failed"
	proceed
}

run_script() {
	trap : HUP TERM
	# Without it, ksh93 waits only for the last stage of a pipeline.
	# shellcheck disable=SC3040 # it is tried first
	case ${KSH_VERSION-} in *93*) if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi ;; esac
	# shellcheck source=/dev/null
	. "$ocinoco_state/script"
}

# Sends SIGTERM to the running stages.
stop_stages() {
	for ocinoco_file in "$ocinoco_state"/stage.*; do
		[ -s "$ocinoco_file" ] || continue
		read -r ocinoco_stage <"$ocinoco_file" || continue
		kill -TERM "$ocinoco_stage" 2>/dev/null || :
	done
}

# end_by_signal SIGNAL STATUS: ends the stages, removes the state, and ends this shell by the signal.
#
# The signal is sent repeatedly, because a stage that is just starting may miss it. There is no `wait`,
# because some shells never return from it in a trap; the shell reaps its child while it waits for `sleep`.
end_by_signal() {
	trap '' HUP INT PIPE QUIT TERM
	# In yash it is 0 when no process was started.
	if [ "${!:-0}" != 0 ]; then
		# When the signal arrives while the wrapper ends, the directory is already removed. `command`
		# keeps the shell from ending on that error.
		{ command : >|"$ocinoco_state/stop"; } 2>/dev/null || :
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

# Sets the name of the directory of this run to one that does not exist.
choose_state() {
	ocinoco_name=${TMPDIR:-/tmp}/tmp.$PPID.$$ ocinoco_number=0
	case $ocinoco_name in /*) ;; *) ocinoco_name=./$ocinoco_name ;; esac
	ocinoco_state=$ocinoco_name
	while [ -e "$ocinoco_state" ] || [ -L "$ocinoco_state" ]; do
		ocinoco_number=$((ocinoco_number + 1))
		ocinoco_state=$ocinoco_name.$ocinoco_number
	done
}

set_traps() {
	trap clean_up EXIT
	for ocinoco_word in 'HUP 129' 'INT 130' 'PIPE 141' 'QUIT 131' 'TERM 143'; do
		# shellcheck disable=SC2064 # the word of this turn
		trap "end_by_signal $ocinoco_word" "${ocinoco_word% *}"
	done
}

clean_up() {
	[ ! -d "$ocinoco_state" ] || rm -rf -- "$ocinoco_state"
}

# Runs the script.
run_composed() {
	ocinoco_free=3 ocinoco_status=0
	while [ "$ocinoco_free" -lt 8 ] && { command true <&"$ocinoco_free"; } 2>/dev/null; do
		ocinoco_free=$((ocinoco_free + 1))
	done
	start run_script
	{ wait "$!"; } 2>/dev/null || ocinoco_status=$?
	[ "$ocinoco_status" -eq 0 ] || name_culprit
}

# Ends with the status of the first stage that failed, and names it. A stage that ended by SIGPIPE, and a tool that
# answered no, count only when no other failed.
name_culprit() {
	stop_stages
	ocinoco_least=9999 ocinoco_cause=$ocinoco_status ocinoco_label=
	[ ! -s "$ocinoco_state/failed" ] || while read -r ocinoco_number ocinoco_failure ocinoco_stage; do
		case $ocinoco_failure:$ocinoco_stage in
		141:* | 1:oci-*) ocinoco_number=$((ocinoco_number + 1000)) ;;
		esac
		[ "$ocinoco_number" -lt "$ocinoco_least" ] || continue
		ocinoco_least=$ocinoco_number ocinoco_cause=$ocinoco_failure ocinoco_label=$ocinoco_stage
	done <"$ocinoco_state/failed"
	case $ocinoco_label:$ocinoco_cause:$ocinoco_status in
	# No stage failed: the shell could not open or create a file, and reported that.
	:[12]:* | *:141:[12]) exit 73 ;;
	# A tool answered no, or the reader of the output has gone: without a message.
	oci-*:1:* | *:141:141 | :*) exit "$ocinoco_cause" ;;
	esac
	die "$ocinoco_cause" "$ocinoco_label failed with status $ocinoco_cause"
}
