# umoci unpacks an image with gzip layers, and runc runs the bundle unchanged.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
ocinoco build ./dist --from "$registry/example/base:latest" --tag "$registry/example/app:gzip" \
	--root-dir /app --compress gzip --cmd '["node","server.js"]' --env 'GREETING=good day' --push >pushed.json
assert_equal "$(tag_digest example/app:gzip)" "$(field .digest pushed.json)"

skopeo_copy "docker://$registry/example/app:gzip" oci:pulled:image
umoci unpack --image pulled:image bundle >umoci.log
jq '.process.terminal = false | del(.linux.resources)' bundle/config.json >config.new
mv config.new bundle/config.json
assert_equal node "$(field '.process.args[0]' bundle/config.json)"
jq -e '.process.env | index("GREETING=good day")' bundle/config.json >index
assert_equal '0:0' "$(stat -c %u:%g bundle/rootfs/app/server.js)"
if namespaces_allowed; then
	runc --root "$PWD/runc" run --bundle bundle "umoci-$$" >printed
else
	chroot bundle/rootfs /bin/sh -c 'cd /app && exec node server.js' >printed
fi
printf '%s\n' 'served by 0:0 in /app' 'data of the app' | diff - printed
