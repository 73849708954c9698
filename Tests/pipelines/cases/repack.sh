# A bundle is changed and becomes an image again; unpacked, that image is the bundle's tree.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
base=$registry/example/base

# assert_same BUNDLE REF: the image's tree is the bundle's.
assert_same() {
	rm -rf again
	ocinoco unpack "$2" again
	describe_tree "$1/rootfs" >expected
	describe_tree again/rootfs | diff -a expected - || fail "another tree in '$2'"
}

ocinoco unpack "$base:latest" bundle
cp bundle/image.json bundle/snapshot.mtree .

# Without changes: the same image, except for where it says it is from.
ocinoco repack bundle --tag "$base:same" --push >pushed.json
oci-fetch --keep-base "$base:same" >same.json
assert_equal "$(jq -c '[.config.digest, .layers[].digest]' bundle/image.json)" \
	"$(jq -c '[.config.digest, .layers[].digest]' same.json)"
assert_equal "$(tag_digest example/base:same)" "$(field .digest pushed.json)"
assert_same bundle "$base:same"

# Or only its config changes.
ocinoco repack bundle --tag "$base:cmd" --cmd '["/bin/id"]' --push >pushed.json
oci-fetch "$base:cmd" >cmd.json
assert_equal "$(jq -c '.layers' bundle/image.json)" "$(jq -c '.layers' cmd.json)"
assert_equal '["/bin/id"]' "$(oci-fetch --config "$base:cmd" | jq -c .config.Cmd)"

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

ocinoco repack bundle --tag "$base:changed" --user 1000 --push >pushed.json
assert_equal "$(tag_digest example/base:changed)" "$(field .digest pushed.json)"
assert_same bundle "$base:changed"
oci-fetch --keep-base "$base:changed" >changed.json
bsdtar -tf "$(blob_file "$(jq -r '.layers[-1].digest' changed.json)")" | sed 's,/$,,' >names
printf '%s\n' bin bin/.wh.pwd bin/env bin/env/inside bin/node bin/sh etc/passwd opt 'opt/an app' \
	'opt/an app/hello' 'opt/an app/lib' 'opt/an app/lib/linked' 'opt/new\nline' tmp | diff - names

# The bundle is not changed: repacking again makes the same image, and more changes make one layer with the previous
# ones.
cmp image.json bundle/image.json
cmp snapshot.mtree bundle/snapshot.mtree
ocinoco repack bundle --tag "$base:changed" --user 1000 --push | cmp - pushed.json
echo later >"$tree/later"
ocinoco repack bundle --tag "$base:later" --push >/dev/null
assert_same bundle "$base:later"
assert_equal 2 "$(oci-fetch "$base:later" | jq '.layers | length')"

# gzip, which umoci 0.4 can read: it applies the whiteouts, and the tree is the same.
ocinoco repack bundle --tag "$base:gzip" --compress gzip --push >pushed.json
skopeo_copy "docker://$base:gzip" oci:pulled:image
umoci unpack --image pulled:image unpacked >umoci.log
describe_tree bundle/rootfs >expected
describe_tree unpacked/rootfs | diff -a expected -
oci-snapshot bundle/rootfs >now.mtree
assert_equal '' "$(oci-diff -0 now.mtree unpacked/rootfs | tr '\0' '|')"

# Step by step, as the manual says: a layer of the changes since the last step, with every kind of file.
oci-fetch "$base:later" >bundle/image.json
oci-snapshot bundle/rootfs >bundle/snapshot.mtree
python3 "$ROOT/Tests/pipelines/nasty_tree.py" "$tree/nasty" 0
ocinoco repack bundle --tag "$base:nasty" --push >/dev/null
assert_same bundle "$base:nasty"
assert_equal 3 "$(oci-fetch "$base:nasty" | jq '.layers | length')"
oci-fetch "$base:nasty" | oci-layers | tail -n 1 | oci-fetch --blob "$base" | zstd -dcq | tar -tf - >names
! grep -qv '^nasty/' names || fail "more than what is new: $(grep -v '^nasty/' names)"

# And from there: files are removed, replaced and linked again.
oci-fetch "$base:nasty" >bundle/image.json
oci-snapshot bundle/rootfs >bundle/snapshot.mtree
(
	cd "$tree/nasty"
	rm -rf deep names/-rf special/fifo sizes/hole links/loop
	mkdir sizes/hole
	ln -s ../a sizes/hole/link
	echo 'not a FIFO' >special/fifo
	ln links/first 'new name'
	chmod 0 modes/0644
	chown -h 77:88 links/dangling
	setfattr -x user.z attributes/both
	rm attributes/capability
	cp modes/0755 attributes/capability
)
ocinoco repack bundle --tag "$base:steps" --push >/dev/null
assert_same bundle "$base:steps"

# Into a layout, from another place than the image names; -n prints a script that does the same.
jq -c 'del(.annotations)' bundle/image.json >nowhere.json
mv nowhere.json bundle/image.json
echo more >"$tree/opt/more"
ocinoco repack bundle --output oci:images:one --from "$base" >one.json
ocinoco repack bundle --output oci:images:two --from "$base" -n >script
# shellcheck disable=SC2016
assert_match '^if \[ -s "\$work"/changes \]; then$' script
sh script | cmp - one.json
assert_same bundle oci:images:one

# Refused: no snapshot, no image, a truncated snapshot.
assert_failed 64 ocinoco ocinoco repack bundle
assert_failed 64 ocinoco ocinoco repack bundle --tag x --root-dir /app
expect 66 ocinoco repack missing --tag "$base:none" --push
head -n 3 bundle/snapshot.mtree >part
mv part bundle/snapshot.mtree
expect 65 ocinoco repack bundle --tag "$base:none" --push
assert_empty out
assert_equal '' "$(tag_digest example/base:none)"
