# No signal is lost: builds that are killed at any moment, one stage or all of them, end and leave nothing behind. One
# build in 1,000 ends with status 1 in bash at a SIGINT for all, and mksh leaves a process for a moment; ksh93 is worse.
# These shells are not tested.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
head -c 3000000 /dev/urandom >dist/random
python3 "$ROOT/Tests/pipelines/wrapper_signals.py" "$(command -v ocinoco)" 700 dash 'busybox sh' yash ||
	fail 'a signal'
