# No signal is lost where sh is dash or busybox: builds that are killed at any moment, one stage or all of them, end and
# leave nothing. Of bash, mksh and yash together, some two builds in 5,000 end otherwise; they are not asked here.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
head -c 3000000 /dev/urandom >dist/random
python3 "$ROOT/Tests/pipelines/wrapper_signals.py" "$(command -v ocinoco)" 400 dash 'busybox sh' ||
	fail 'a signal'
