# How often a registry is asked: an index of two images with ten layers each, copied, copied again, renamed.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
source=$registry/source:1

for platform in linux/amd64 linux/arm64; do
	set --
	for number in 1 2 3 4 5 6 7 8 9 10; do
		mkdir -p tree
		echo "$platform $number" >tree/file
		layer=${platform#*/}.$number.json
		oci-tar tree | oci-zstd | oci-push-blob "$registry/source" >"$layer"
		set -- "$@" "$layer"
	done
	oci-fetch scratch --platform "$platform" | oci-manifest-append "$@"
done >images.json
oci-push-manifest "$source" <images.json >pushed.json
digest=$(field .digest pushed.json)

requests '' >/dev/null
expect 0 ocinoco copy "$source" "$registry/target:1"
cmp out pushed.json
assert_equal "$digest" "$(tag_digest target:1)"
first=$(requests '')
# The index; the tag, the index and two images under their digests; the images; 2 configs and 20 layers mounted,
# without a question before; three manifests put. No word about how to speak to the registry.
assert_equal 32 "$first" 'requests of the first copy'

# Again: the manifest is fetched, and the tag stands for it already.
expect 0 ocinoco copy "$source" "$registry/target:1"
cmp out pushed.json
assert_equal 2 "$(requests '')" 'requests of the same copy again'

# Another name: the tag, the manifest under its digest, and it is put under the name.
expect 0 ocinoco copy "$source" "$registry/target:2"
assert_equal "$digest" "$(tag_digest target:2)"
assert_equal 3 "$(requests target/)" 'requests for another name'

# The same as image lines, which are an index already: the tag, and at the same time the digest.
expect 0 oci-push-manifest "$registry/target:1" <images.json
cmp out pushed.json
assert_equal 2 "$(requests '')" 'requests for image lines'

# Another index over the same images: they are asked for, not their blobs.
expect 0 oci-push-manifest --annotation a=b "$registry/target:3" <images.json
assert_equal 0 "$(requests target/blobs)" 'blobs that were asked for'
oci-fetch --raw "$registry/target:3" >annotated.json
requests '' >/dev/null
expect 0 oci-push-manifest --annotation c=d --from "$registry/source" "$registry/target:4" <annotated.json
assert_equal 0 "$(requests target/blobs)" 'blobs of an index of bytes'

# --check-blobs asks for each, and mends what has gone.
layer=$(field .digest arm64.10.json)
hex=${layer#sha256:}
rm -r "$storage/docker/registry/v2/repositories/target/_layers/sha256/$hex"
requests '' >/dev/null
expect 0 oci-push-manifest "$registry/target:1" <images.json
assert_equal 0 "$(requests target/blobs)" 'blobs that were asked for'
expect 0 oci-push-manifest --check-blobs --from "$registry/source" "$registry/target:1" <images.json
cmp out pushed.json
curl -fsSI "http://$registry/v2/target/blobs/$layer" >/dev/null || fail 'the blob is not there'

# A layout is looked at, whatever manifests it has: others may have made it.
ocinoco copy "$source" oci:layout:1 >out
rm "layout/blobs/sha256/$hex"
expect 0 ocinoco copy "$source" oci:layout:1
[ -f "layout/blobs/sha256/$hex" ] || fail 'the blob is not in the layout'

# What is the same already is no reason to pass over --expect.
assert_failed 76 oci-push-manifest oci-push-manifest --expect absent "$registry/target:1" <images.json
expect 0 oci-push-manifest --expect "$digest" "$registry/target:1" <images.json
expect 0 oci-push-manifest --expect absent "$registry/target:5" <images.json
assert_equal "$digest" "$(tag_digest target:5)"

# A build on one of the images: the base, its config; the layer, which is asked for while its upload is opened, and
# sent; the tag and the image under its digest, together; the config, which is not asked for; the base's layers, each
# mounted at once; the new one, which is there; the manifest.
mkdir -p new
echo new >new/file
requests '' >/dev/null
expect 0 ocinoco build new --from "$source" --platform linux/amd64 --tag "$registry/built:1" --push --reuse no -q
assert_equal 22 "$(requests '')" 'requests of a build'

# What a push needs to know of its tags is asked while its input is on its way.
mkfifo slow
oci-push-manifest "$registry/early:1" <slow >early.out &
exec 8>slow
until grep -q 'HEAD /v2/early/manifests/1 ' "$registry_log"; do sleep 0.02; done
oci-fetch "$registry/built:1" >&8
exec 8>&-
wait $! || fail 'a push that asked early'
assert_equal "$(tag_digest built:1)" "$(field .digest early.out)"
assert_equal "$(tag_digest built:1)" "$(tag_digest early:1)"
# Not where the answer would be of no use, or nothing may be asked.
requests '' >/dev/null
for option in --dry-run --expect=absent --check-blobs --plan; do
	assert_failed 65 oci-push-manifest oci-push-manifest "$option" "$registry/early:1" </dev/null
done
assert_equal 0 "$(requests early/)" 'requests before the input'
