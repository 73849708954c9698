# All layers of an image through one oci-fetch and one oci-untar: in order, each verified, the next ones fetched ahead.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
image=$registry/image:1

# Twelve layers: one is larger than what is kept in memory and one is empty; each changes a file of the one before.
set --
for number in 01 02 03 04 05 06 07 08 09 10 11 12; do
	rm -rf tree
	mkdir -p tree/dir
	[ $number = 07 ] || echo "$number" >tree/dir/changes
	echo "$number" >"tree/file-$number"
	[ $number != 03 ] || head -c 30000000 /dev/urandom >tree/large
	[ $number != 09 ] || rm -r tree/dir "tree/file-$number"
	compress='cat'
	case $number in *[02468]) compress='gzip -n' ;; *[35]) compress=oci-zstd ;; esac
	oci-tar tree | $compress | oci-push-blob "$registry/image" >"$number.json"
	set -- "$@" "$number.json"
done
oci-fetch scratch | oci-manifest-append "$@" | oci-config --cmd '["/x"]' | oci-push-manifest "$image" >pushed.json
oci-fetch "$image" | oci-layers >layers
assert_equal 12 "$(wc -l <layers)"

# One at a time, and all together.
mkdir one all
while IFS= read -r layer; do
	printf '%s\n' "$layer" >layer.json
	oci-fetch --blob "$registry/image" <layer.json >blob
	oci-untar --descriptor layer.json one <blob
	cat blob >>blobs
done <layers
oci-fetch --blob "$registry/image" <layers >fetched
cmp blobs fetched
expect 0 oci-untar --descriptor layers all <fetched
diff -r one all
assert_equal 12 "$(cat all/dir/changes)"

# From a layout, and with the wrapper.
ocinoco copy "$image" oci:layout:1 >out
oci-fetch --blob oci:layout <layers | cmp - blobs
for place in "$image" oci:layout:1; do
	rm -rf bundle
	expect 0 ocinoco unpack "$place" bundle
	diff -r one bundle/rootfs
done
ocinoco unpack "$image" scripted -n >script
assert_equal 1 "$(grep -c 'oci-fetch --blob' script)" 'stages that fetch layers'
! grep -q 'while' script || fail 'a process for each layer'
expect 0 sh script
diff -r one scripted/rootfs

# An image without layers.
oci-fetch scratch | oci-config --cmd '["/x"]' | oci-push-manifest oci:layout:none >out
expect 0 ocinoco unpack oci:layout:none empty
assert_equal '' "$(ls -A empty/rootfs)"

# Each layer and each of the image's documents is fetched once.
gets() {
	curl -so mark.answer "http://$registry/v2/mark/manifests/$1"
	until grep -q "\"GET /v2/mark/manifests/$1" "$registry_log"; do sleep 0.02; done
	grep -c '"GET /v2/image/' "$registry_log"
}
before=$(gets a)
expect 0 ocinoco unpack "$image" counted
assert_equal 14 $(($(gets b) - before)) 'requests of unpack'

# Input that has too few layers, too many, or another order.
refused() {
	rm -rf root
	mkdir root
	assert_failed 65 oci-untar oci-untar --descriptor "$1" root <"$2"
}
first=$(field .size 01.json)
for count in 0 1 "$first" $((first + 10)) $(($(wc -c <blobs) - 1)); do
	head -c "$count" blobs >part
	refused layers part
done
{ cat blobs && printf x; } >longer
refused layers longer
assert_match 'size mismatch' err
{ sed -n 2p layers && sed -n 1p layers && sed -n '3,$p' layers; } >swapped
refused swapped blobs
assert_match 'mismatch' err
jq -c 'if .annotations["containerd.io/uncompressed"] then
	.annotations["containerd.io/uncompressed"] = "'"$(digest_of longer)"'" else . end' 02.json >wrong.json
{ sed -n 1p layers && cat wrong.json && sed -n '3,$p' layers; } >other
refused other blobs
assert_match 'diffID mismatch for .layer sha256:' err
# The layers above it were not applied.
[ -e root/file-01 ] || fail 'the first layer is not there'
[ ! -e root/file-03 ] || fail 'a layer above a wrong one was applied'
head -n 2 layers | tr '\n' ' ' >cut.json
refused cut.json blobs
: >empty.json
refused empty.json blobs

# A missing or damaged layer ends the output before it; nothing after it is written.
digest=$(field .digest 05.json)
size=$(head -n 4 layers | jq -s 'map(.size) | add')
rm "$(blob_file "$digest")"
expect 69 oci-fetch --blob "$registry/image" <layers
assert_match "$digest" err
assert_equal "$size" "$(wc -c <out)"
head -c "$(field .size 05.json)" /dev/zero >"$(blob_file "$digest")"
expect 65 oci-fetch --blob "$registry/image" <layers
assert_match 'digest mismatch' err
[ "$(wc -c <out)" -le $((size + $(field .size 05.json))) ] || fail 'more than the damaged layer was written'
expect 65 ocinoco unpack "$image" damaged
[ ! -e damaged/config.json ] || fail 'a damaged layer makes a bundle'

# Memory does not grow with the number of layers.
set --
for number in 1 2 3 4 5 6; do
	head -c 60000000 /dev/urandom >noise
	oci-tar noise --as "noise-$number" | oci-push-blob "$registry/large" >"large-$number.json"
	set -- "$@" "large-$number.json"
done
cat "$@" >large
# shellcheck disable=SC2094 # both only read it
oci-fetch --blob "$registry/large" <large | command time -f %M -o peak oci-untar --descriptor large one
[ "$(cat peak)" -lt 60000 ] || fail "oci-untar: $(cat peak) KiB of memory"
command time -f %M -o peak oci-fetch --blob "$registry/large" <large >noises
[ "$(cat peak)" -lt 90000 ] || fail "oci-fetch: $(cat peak) KiB of memory"
for layer in "$@"; do cat "$(blob_file "$(field .digest "$layer")")"; done | cmp - noises
