# A short `make soak`: builds one after another and at once leave nothing behind and lose nothing.

# shellcheck source=../lib.sh
. "$TEST_LIB"

"$ROOT/Tests/soak/run" 20 8 0 0
