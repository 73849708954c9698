# Multi-platform images: one line for each platform passes every filter, and the lines become an index.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base
oci-fetch "$base:latest" >line

# Lines of several files become one image.
oci-config --platform linux/amd64 <line >amd64.json
oci-config --platform linux/arm64/v8 <line >arm64.json
printf '{"os.version": "10.0.1", "os.features": ["win32k"]}' >windows.patch
oci-config --platform windows/amd64 <line | oci-config --patch windows.patch >windows.json
cat amd64.json arm64.json windows.json | oci-push-manifest "$base:multi" >pushed
skopeo inspect --raw --tls-verify=false "docker://$base:multi" >index
assert_equal "$(field .digest pushed)" "$(digest_of index)"
assert_equal application/vnd.oci.image.index.v1+json "$(field .mediaType index)"
cat >expected <<'END'
{"architecture":"amd64","os":"linux"}
{"architecture":"arm64","os":"linux","variant":"v8"}
{"architecture":"amd64","os":"windows","os.version":"10.0.1","os.features":["win32k"]}
END
jq -c '.manifests[].platform' index | diff expected -
skopeo_copy --all "docker://$base:multi" oci:all:multi
assert_equal 3 "$(jq '.manifests | length' "all/blobs/sha256/$(field '.digest[7:]' pushed)")"
cat amd64.json arm64.json amd64.json >twice
assert_failed 65 oci-push-manifest oci-push-manifest "$base:twice" <twice
assert_match "two images for the platform 'linux/amd64': lines 1 and 3" err
# arm64 without a variant is v8.
oci-config --platform linux/arm64 <line | cat arm64.json - >twice
assert_failed 65 oci-push-manifest oci-push-manifest "$base:twice" <twice
assert_equal '' "$(tag_digest example/base:twice)"

# Every filter maps the lines one by one and keeps their order.
oci-fetch --platform all "$base:multi" | tee fetched | oci-config --label a=b | oci-convert --to oci |
	oci-push-manifest "$base:labelled" >pushed
oci-fetch --raw "$base:labelled" | jq -c '.manifests[].platform' | diff expected -
oci-fetch --platform all "$base:labelled" |
	jq -r '.config.data | @base64d | fromjson | .config.Labels.a' | sort -u >labels
assert_equal b "$(cat labels)"
assert_equal '1/3 2/3 3/3' "$(jq -r '.annotations["ocinoco.position"]' fetched | paste -sd ' ' -)"
# A line that a stage lost is missed; one that was removed on purpose is not.
sed 2d fetched >lost
assert_failed 65 oci-push-manifest oci-push-manifest "$base:lost" <lost
assert_match '2/3' err
jq -c 'del(.annotations["ocinoco.position"])' lost | oci-push-manifest "$base:two" >/dev/null
assert_equal 2 "$(oci-fetch --raw "$base:two" | jq '.manifests | length')"

# One layer, built and uploaded once, for every platform of the base.
expect 0 ocinoco build ./dist --platform all --from "$base:multi" --tag "$registry/multi/app:1" \
	--root-dir /app --cmd '["node","server.js"]' --push --keep kept
assert_equal 3 "$(wc -l <kept/image.json)"
assert_equal 1 "$(wc -l <kept/layer.json)"
cp out pushed
oci-fetch --raw "$registry/multi/app:1" >index
assert_equal "$(field .digest pushed)" "$(digest_of index)"
jq -c '.manifests[].platform' index | diff expected -
layer=$(field .digest kept/layer.json)
oci-fetch --platform all "$registry/multi/app:1" | jq -r '.layers[-1].digest' | sort -u >layers
assert_equal "$layer" "$(cat layers)"
# One upload of the layer, one of each of the three configs; the base's layer is mounted.
assert_equal 4 "$(grep -Ec '"PUT /v2/multi/app/blobs/uploads/.* 201' "$registry_log")" uploads
for platform in linux/amd64 linux/arm64/v8; do
	oci-fetch --platform "$platform" "$registry/multi/app:1" | oci-push-manifest oci:one:image >/dev/null
	rm -rf root
	unpack_layout one root
	cmp root/app/server.js dist/server.js
	rm -rf one
done
skopeo_copy --all "docker://$registry/multi/app:1" oci:app:1
oci-fetch --raw oci:app:1 | cmp - index
expect 0 ocinoco copy "$registry/multi/app:1" oci:copied:1
oci-fetch --raw oci:copied:1 | cmp - index
for tag in 1 2; do
	expect 0 ocinoco build ./dist --platform all --from oci:copied:1 --output "oci:built:$tag" -q
	assert_equal 3 "$(oci-fetch --platform all "oci:built:$tag" | wc -l)"
done

# An index of one image, which skopeo treats as an index.
oci-push-manifest --index "$base:one" <amd64.json >/dev/null
assert_equal 1 "$(skopeo inspect --raw --tls-verify=false "docker://$base:one" | jq '.manifests | length')"
skopeo_copy "docker://$base:one" oci:single:one

# Docker's images make a Docker manifest list.
cat amd64.json arm64.json | oci-convert --to docker | oci-push-manifest "$base:list" >pushed
assert_equal application/vnd.docker.distribution.manifest.list.v2+json "$(field .mediaType pushed)"
skopeo_copy --all "docker://$base:list" "docker://$base:list2"
assert_equal "$(field .digest pushed)" "$(tag_digest example/base:list2)"
