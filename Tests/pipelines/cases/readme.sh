# What the README says its commands print is what they print, and its Makefile works.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist

# Each block of `$ COMMAND` and its output.
awk '/^```console$/ { count++; inside = 1; next } /^```$/ { inside = 0 } inside {
	file = (sub(/^\$ /, "") ? "command." : "printed.") count
	print >file
}' "$ROOT/README.md"
count=0
for command in command.*; do
	sh "$command" >actual 2>&1 || :
	diff "printed.${command#command.}" actual || fail "$(cat "$command")"
	count=$((count + 1))
done
[ "$count" -ge 2 ] || fail "only $count blocks"

# block LANGUAGE: the first block of it, with this registry for the real one.
block() {
	awk -v fence="\`\`\`" -v language="$1" '
		$0 == fence && inside { exit }
		inside { print }
		$0 == fence language { inside = 1 }' "$ROOT/README.md" | sed "s|ghcr.io|$registry|g"
}

# The pipeline that it opens with.
block sh >pipeline
sh pipeline >pushed.json
assert_equal "$(tag_digest example/app:latest)" "$(field .digest pushed.json)"
unpack_image "$registry/example/app:latest" root
assert_equal '["PATH=/bin","NODE_ENV=production"]' "$(jq -c .config.Env config.json)"

block make >Makefile
# Names with spaces are beyond make.
rm -r layer.json 'dist/a dir'
find dist -exec touch -h -d '1 hour ago' '{}' +
make -s push >pushed.json
assert_equal "$(tag_digest example/app:latest)" "$(field .digest pushed.json)"
# Only what changed is packed again.
packed=$(stat -c %y layer.json)
make -s push | cmp - pushed.json
assert_equal "$packed" "$(stat -c %y layer.json)" 'packed again'
sleep 0.01
echo changed >dist/lib/data
make -s push >changed.json
assert_equal "$(tag_digest example/app:latest)" "$(field .digest changed.json)"
[ "$(field .digest pushed.json)" != "$(field .digest changed.json)" ] || fail 'a change had no effect'
# What fails leaves no descriptor behind.
rm layer.json
if make -s APP=127.0.0.1:1/app push >out 2>err; then fail 'a push to nowhere'; fi
assert_empty out
[ ! -e layer.json ] || fail 'a descriptor of what was not pushed'
