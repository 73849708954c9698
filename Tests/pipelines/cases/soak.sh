# A little of `make soak`: builds in a row and at once leave nothing behind and lose nothing.

# shellcheck source=../lib.sh
. "$TEST_LIB"

"$ROOT/Tests/soak/run" 20 8 0 0
