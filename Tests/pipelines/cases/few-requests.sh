# How many requests a registry gets: an index of two images with ten layers each, copied, copied again, and renamed.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
source=$registry/source:1

push_index "$registry/source"
digest=$(field .digest pushed.json)

requests '' >/dev/null
expect 0 ocinoco copy "$source" "$registry/target:1"
cmp out pushed.json
assert_equal "$digest" "$(tag_digest target:1)"
first=$(requests '')
# The index; the tag, the index and two images under their digests; the images; 2 configs and 20 layers mounted at once,
# without being asked for; three manifests put. No request to find out how the registry is spoken to.
assert_equal 32 "$first" 'requests of the first copy'

# Again: the manifest is fetched, and the tag already names it.
expect 0 ocinoco copy "$source" "$registry/target:1"
cmp out pushed.json
assert_equal 2 "$(requests '')" 'requests of the same copy again'

# Another name: the tag and the manifest's digest are asked for, and the manifest is put under the new name.
expect 0 ocinoco copy "$source" "$registry/target:2"
assert_equal "$digest" "$(tag_digest target:2)"
assert_equal 3 "$(requests target/)" 'requests for another name'

# The same with image lines that come from an index: the tag and the digest, asked for at the same time.
expect 0 oci-push-manifest "$registry/target:1" <images.json
cmp out pushed.json
assert_equal 2 "$(requests '')" 'requests for image lines'

# Another index of the same images: the images are asked for, their blobs are not.
expect 0 oci-push-manifest --annotation a=b "$registry/target:3" <images.json
assert_equal 0 "$(requests target/blobs)" 'blobs that were asked for'
oci-fetch --raw "$registry/target:3" >annotated.json
requests '' >/dev/null
expect 0 oci-push-manifest --annotation c=d --from "$registry/source" "$registry/target:4" <annotated.json
assert_equal 0 "$(requests target/blobs)" 'blobs of an index of bytes'

# --check-blobs asks for each blob, and repairs what is missing.
layer=$(field .digest arm64.10.json)
hex=${layer#sha256:}
rm -r "$storage/docker/registry/v2/repositories/target/_layers/sha256/$hex"
requests '' >/dev/null
expect 0 oci-push-manifest "$registry/target:1" <images.json
assert_equal 0 "$(requests target/blobs)" 'blobs that were asked for'
expect 0 oci-push-manifest --check-blobs --from "$registry/source" "$registry/target:1" <images.json
cmp out pushed.json
curl -fsSI "http://$registry/v2/target/blobs/$layer" >/dev/null || fail 'the blob is not there'

# In a layout blobs are looked for, whatever manifests it has: other programs may have written it.
ocinoco copy "$source" oci:layout:1 >out
rm "layout/blobs/sha256/$hex"
expect 0 ocinoco copy "$source" oci:layout:1
[ -f "layout/blobs/sha256/$hex" ] || fail 'the blob is not in the layout'

# An unchanged tag does not skip --expect.
assert_failed 76 oci-push-manifest oci-push-manifest --expect absent "$registry/target:1" <images.json
expect 0 oci-push-manifest --expect "$digest" "$registry/target:1" <images.json
expect 0 oci-push-manifest --expect absent "$registry/target:5" <images.json
assert_equal "$digest" "$(tag_digest target:5)"

# A build on one of the images: the base and its config; the layer, asked for while its upload is opened, and sent; the
# tag, and at the same time the image under its digest; the config, which is not asked for; the base's layers, each
# mounted at once; the new layer, which is there; the manifest.
mkdir -p new
echo new >new/file
requests '' >/dev/null
expect 0 ocinoco build new --from "$source" --platform linux/amd64 --tag "$registry/built:1" --push --reuse no -q
assert_equal 22 "$(requests '')" 'requests of a build'

# A push asks for its tags while its input is still arriving.
mkfifo slow
oci-push-manifest "$registry/early:1" <slow >early.out &
exec 8>slow
until grep -q 'HEAD /v2/early/manifests/1 ' "$registry_log"; do sleep 0.02; done
oci-fetch "$registry/built:1" >&8
exec 8>&-
wait $! || fail 'a push that asked early'
assert_equal "$(tag_digest built:1)" "$(field .digest early.out)"
assert_equal "$(tag_digest built:1)" "$(tag_digest early:1)"
# Not when the answer would not be used, or nothing may be asked.
requests '' >/dev/null
for option in --dry-run --expect=absent --check-blobs --plan; do
	assert_failed 65 oci-push-manifest oci-push-manifest "$option" "$registry/early:1" </dev/null
done
assert_equal 0 "$(requests early/)" 'requests before the input'
