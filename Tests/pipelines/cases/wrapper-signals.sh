# No signal is lost: builds that are killed at any moment, one stage or all of them, end and leave nothing. Of a build
# in 1,000 bash ends with status 1 at a SIGINT for all, and mksh leaves a process for a moment; ksh93 is worse. They are
# not asked.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
head -c 3000000 /dev/urandom >dist/random
python3 "$ROOT/Tests/pipelines/wrapper_signals.py" "$(command -v ocinoco)" 700 dash 'busybox sh' yash ||
	fail 'a signal'
