# oci-fetch: lines, bytes, configs, blobs and tags; of one platform or of all; and what it refuses.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
base=$registry/example/base
base_digest=$(tag_digest example/base:latest)

# A line has the manifest, its config and its origin.
oci-fetch "$base:latest" >line
assert_equal 1 "$(wc -l <line)"
oci-fetch --raw "$base:latest" >raw
assert_equal "$base_digest" "$(digest_of raw)"
oci-fetch --config "$base:latest" >config
assert_equal "$(field .config.digest raw)" "$(digest_of config)"
jq -r .config.data line | base64 -d | cmp - config
assert_equal "$base:latest@$base_digest" "$(field '.annotations["ocinoco.source"]' line)"
assert_equal "$base_digest" "$(field '.annotations["ocinoco.digest"]' line)"
assert_equal null "$(field '.annotations["org.opencontainers.image.base.name"]' line)"
assert_equal null "$(field '.annotations["ocinoco.position"]' line)"
jq -S 'del(.config.data) | del(.annotations)' line >stripped
jq -S . raw | cmp - stripped
oci-fetch --keep-base "$base:latest" | cmp - line
oci-fetch "$base@$base_digest" | jq -r '.annotations["ocinoco.source"]' >name
assert_equal "$base@$base_digest" "$(cat name)"

# A blob by its descriptor line, or by its digest.
jq -c '.layers[0]' line >layer.json
oci-fetch --blob "$base" <layer.json >blob
assert_equal "$(field .digest layer.json)" "$(digest_of blob)"
oci-fetch --blob "$base@$(field .digest layer.json)" | cmp - blob
jq -c '.size += 1' layer.json >wrong.json
expect 65 oci-fetch --blob "$base" <wrong.json
assert_message oci-fetch
jq -c '.digest = "sha256:" + ("0" * 64)' layer.json >wrong.json
assert_failed 69 oci-fetch oci-fetch --blob "$base" <wrong.json
assert_failed 69 oci-fetch oci-fetch --blob "$base@$(field .digest wrong.json)"
assert_failed 65 oci-fetch oci-fetch --blob "$base" </dev/null
tr -d '\n' <layer.json >wrong.json
assert_failed 65 oci-fetch oci-fetch --blob "$base" <wrong.json
status=0
oci-fetch --blob "$base" <layer.json >/dev/full 2>err || status=$?
assert_equal 74 "$status"
assert_message oci-fetch

# Platforms.
for platform in linux/amd64 linux/arm/v6 linux/arm/v7 linux/arm64/v8; do
	oci-config --platform "$platform" <line
done >lines
oci-push-manifest "$registry/multi:1" <lines >pushed
oci-fetch --platform all "$registry/multi:1" >all.lines
assert_equal 4 "$(wc -l <all.lines)"
assert_equal '1/4 2/4 3/4 4/4' "$(jq -r '.annotations["ocinoco.position"]' all.lines | paste -sd ' ')"
field '.config.data | @base64d | fromjson | [.os, .architecture, .variant // empty] | join("/")' all.lines >platforms
printf '%s\n' linux/amd64 linux/arm/v6 linux/arm/v7 linux/arm64/v8 | diff - platforms
oci-fetch --platform linux/arm64 "$registry/multi:1" >arm64
sed -n 4p all.lines | jq -c 'del(.annotations["ocinoco.position"])' | cmp - arm64
oci-fetch --raw "$registry/multi:1" >index
assert_equal "$(field .digest pushed)" "$(digest_of index)"
oci-fetch --raw --platform linux/arm/v7 "$registry/multi:1" >raw
assert_equal "$(field '.manifests[2].digest' index)" "$(digest_of raw)"
assert_failed 69 oci-fetch oci-fetch --platform linux/s390x "$registry/multi:1"
assert_match "'linux/amd64', 'linux/arm/v6', 'linux/arm/v7', 'linux/arm64/v8'" err
assert_failed 69 oci-fetch oci-fetch --platform linux/s390x "$base:latest"
assert_failed 64 oci-fetch oci-fetch --platform linux "$base:latest"

# An attestation in an index is not an image.
jq -c '.manifests[0].platform = {"architecture":"unknown","os":"unknown"}' index |
	oci-push-manifest --from "$registry/multi" "$registry/attested:1" >/dev/null
oci-fetch --platform all "$registry/attested:1" >all.lines
assert_equal 3 "$(wc -l <all.lines)"

# The image without layers, `scratch`.
oci-fetch --platform linux/riscv64 scratch >empty
assert_equal '[]' "$(jq -c .layers empty)"
assert_equal riscv64 "$(field '.config.data | @base64d | fromjson | .architecture' empty)"

# Tags, and references to nothing.
oci-push-manifest "$base:2" "$base:1" <line >/dev/null
oci-fetch --tags "$base" | sort | paste -sd ' ' >tags
assert_equal '1 2 latest' "$(cat tags)"
assert_failed 69 oci-fetch oci-fetch --tags "$registry/missing"
assert_failed 69 oci-fetch oci-fetch "$base:missing"
assert_failed 69 oci-fetch oci-fetch --retries 0 127.0.0.1:1/missing
for arguments in '' "$base $base" "--raw --config $base" "--blob --platform all $base" \
	'https://example.com/x' 'oci:' 'Upper/Case'; do
	# shellcheck disable=SC2086
	assert_failed 64 oci-fetch oci-fetch $arguments
done

# A registry whose bytes do not match their digest.
layer_file=$(blob_file "$(field .digest layer.json)")
head -c "$(field .size layer.json)" /dev/zero >"$layer_file"
expect 65 oci-fetch --blob "$base" <layer.json
assert_message oci-fetch
head -c "$(field .config.size line)" /dev/zero >"$(blob_file "$(field .config.digest line)")"
assert_failed 65 oci-fetch oci-fetch "$base:latest"
printf '{"schemaVersion":1,"fsLayers":[]}' >"$(blob_file "$base_digest")"
expect 65 oci-fetch --raw "$base:latest"
assert_empty out
assert_message oci-fetch
