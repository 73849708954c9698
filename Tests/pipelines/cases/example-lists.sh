# The examples that keep the newest tags and that mirror by a pattern.
# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
repository=$registry/example/app
for number in 1 2 3 4; do
	oci-fetch scratch | oci-config --created "202$number-01-01T00:00:00Z" |
		oci-push-manifest "$repository:v$number" >out
done
DRY_RUN=1 "$ROOT/examples/retention/keep" 2 "$repository" >out
assert_equal "would remove $repository:v1 would remove $repository:v2" "$(tr '\n' ' ' <out | sed 's/ $//')"
DRY_RUN=1 "$ROOT/examples/retention/keep" 5 "$repository" >out
assert_empty out
assert_equal 4 "$(oci-fetch --tags "$repository" | wc -l)"

"$ROOT/examples/mirror/mirror" "$repository" "$registry/mirror/app" '^v[13]$' | sort >out
assert_equal 'copied v1 copied v3' "$(cut -d ' ' -f 1,2 out | tr '\n' ' ' | sed 's/ $//')"
"$ROOT/examples/mirror/mirror" "$repository" "$registry/mirror/app" '^v' | sort >out
assert_equal 'copied v2 copied v4' "$(cut -d ' ' -f 1,2 out | tr '\n' ' ' | sed 's/ $//')"
assert_equal 4 "$(oci-fetch --tags "$registry/mirror/app" | wc -l)"

"$ROOT/examples/retention/keep" 2 "$repository" >out
assert_equal 'v3 v4 ' "$(oci-fetch --tags "$repository" | sort | tr '\n' ' ')"
