# No signal is lost, but in ksh93: builds that are killed at any moment, one stage or all of them, end and leave nothing.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
head -c 3000000 /dev/urandom >dist/random
python3 "$ROOT/Tests/pipelines/wrapper_signals.py" "$(command -v ocinoco)" 700 dash bash 'busybox sh' mksh yash ||
	fail 'a signal'
