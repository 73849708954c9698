# A bundle is changed and becomes an image again; what is unpacked from that is the bundle's tree.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base

# make_bundle REF BUNDLE: by oci-fetch and bsdtar, layer by layer.
make_bundle() {
	rm -rf "$2"
	mkdir -p "$2/rootfs"
	oci-fetch "$1" >"$2/image.json"
	jq -c '.layers[]' "$2/image.json" >layers
	while read -r layer; do
		echo "$layer" | oci-fetch --blob "${1%:*}" | decompress | bsdtar -xpf - -C "$2/rootfs"
	done <layers
	oci-snapshot "$2/rootfs" >"$2/snapshot.mtree"
}

# A tree as text, without its own directory and without inodes.
describe() {
	oci-snapshot "$1" | sed 's/ inode=[0-9]*//; s/\(time=[0-9]*\)\.[0-9]*/\1/; /^\. /d'
}

make_bundle "$registry/example/base:latest" bundle

# Nothing changed: the same image, but for where it says it is from.
ocinoco repack bundle --tag "$registry/example/base:same" --push >pushed.json
oci-fetch --keep-base "$registry/example/base:same" >same.json
assert_equal "$(jq -c '[.config.digest, .layers[].digest]' bundle/image.json)" \
	"$(jq -c '[.config.digest, .layers[].digest]' same.json)"
assert_equal "$(tag_digest example/base:same)" "$(field .digest pushed.json)"

# Or its config alone.
ocinoco repack bundle --tag "$registry/example/base:cmd" --cmd '["/bin/id"]' --push >pushed.json
oci-fetch "$registry/example/base:cmd" >cmd.json
assert_equal "$(jq -c '.layers' bundle/image.json)" "$(jq -c '.layers' cmd.json)"
assert_equal '["/bin/id"]' "$(oci-fetch --config "$registry/example/base:cmd" | jq -c .config.Cmd)"

# Changes of every kind.
tree=bundle/rootfs
mkdir -p "$tree/opt/an app/lib"
echo hello >"$tree/opt/an app/hello"
ln "$tree/opt/an app/hello" "$tree/opt/an app/lib/linked"
printf 'x\n' >"$tree/opt/$(printf 'new\nline')"
echo 'extra:x:7:7::/:' >>$tree/etc/passwd
rm $tree/bin/pwd $tree/bin/env
mkdir $tree/bin/env
touch $tree/bin/env/inside
rmdir $tree/tmp
ln -s opt $tree/tmp
chown 1000:1000 $tree/bin/node
chmod 2711 $tree/bin
setfattr -n user.note -v 'as it is' $tree/bin/node
touch -h -d @1700000000 $tree/bin/sh

ocinoco repack bundle --tag "$registry/example/base:changed" --user 1000 --push >pushed.json
assert_equal "$(tag_digest example/base:changed)" "$(field .digest pushed.json)"
make_bundle "$registry/example/base:changed" again
# bsdtar knows no whiteouts.
find again/rootfs -name '.wh.*' >whiteouts
assert_equal again/rootfs/bin/.wh.pwd "$(cat whiteouts)"
digest=$(jq -r '.layers[-1].digest' again/image.json)
bsdtar -tf "$(blob_file "$digest")" | sed 's,/$,,' >names
printf '%s\n' bin bin/.wh.pwd bin/env bin/env/inside bin/node bin/sh etc/passwd opt 'opt/an app' \
	'opt/an app/hello' 'opt/an app/lib' 'opt/an app/lib/linked' 'opt/new\nline' tmp | diff - names

# gzip, which umoci 0.4 reads: it applies the whiteouts, and the
# tree is the same.
ocinoco repack bundle --tag "$registry/example/base:gzip" --compress gzip --push >pushed.json
rm -rf pulled
skopeo_copy "docker://$registry/example/base:gzip" oci:pulled:image
umoci unpack --image pulled:image unpacked >umoci.log
describe bundle/rootfs >expected
describe unpacked/rootfs | diff expected -
oci-snapshot bundle/rootfs >bundle/snapshot.mtree
assert_equal '' "$(oci-diff -0 bundle/snapshot.mtree unpacked/rootfs | tr '\0' '|')"

# Into a layout, from elsewhere than the image says; -n prints what does the same.
jq -c 'del(.annotations)' bundle/image.json >nowhere.json
mv nowhere.json bundle/image.json
echo more >"$tree/opt/more"
ocinoco repack bundle --output oci:images:one --from "$registry/example/base" >one.json
ocinoco repack bundle --output oci:images:two --from "$registry/example/base" -n >script
# shellcheck disable=SC2016
assert_match '^if \[ -s "\$work"/changes \]; then$' script
sh script | cmp - one.json

# Refused: no snapshot, no image, a snapshot that was cut.
assert_failed 64 ocinoco ocinoco repack bundle
assert_failed 64 ocinoco ocinoco repack bundle --tag x --root-dir /app
expect 66 ocinoco repack missing --tag "$registry/example/base:none" --push
head -n 3 bundle/snapshot.mtree >part
mv part bundle/snapshot.mtree
expect 65 ocinoco repack bundle --tag "$registry/example/base:none" --push
assert_empty out
assert_equal '' "$(tag_digest example/base:none)"
