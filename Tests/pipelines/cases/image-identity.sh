# An image keeps its identity: bytes, platforms, names, and the base that it is built on.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
make_dist

# put FILE TYPE: stores a file as a blob of the layout `lay` and prints its descriptor.
mkdir -p lay/blobs/sha256
echo '{"imageLayoutVersion":"1.0.0"}' >lay/oci-layout
put() {
	digest=$(digest_of "$1")
	cp "$1" "lay/blobs/sha256/${digest#sha256:}"
	jq -cn --arg type "$2" --arg digest "$digest" --argjson size "$(wc -c <"$1")" \
		'{mediaType: $type, digest: $digest, size: $size}'
}
# list DESCRIPTOR...: makes these the entries of index.json.
list() {
	jq -cs '{schemaVersion: 2, manifests: .}' >lay/index.json
}
manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json

for name in a b; do
	oci-fetch scratch --platform linux/amd64 | oci-config --label "n=$name" | oci-push-manifest "oci:made:$name" >/dev/null
	oci-fetch --raw "oci:made:$name" | jq . >"$name.manifest"
	oci-fetch --config "oci:made:$name" >"$name.config"
	put "$name.config" x/y >/dev/null
	put "$name.manifest" "$manifest_type" >"$name.json"
done

# An indented manifest keeps its digest in a copy and through a filter that changes nothing.
list <a.json
digest=$(field .digest a.json)
ocinoco inspect oci:lay >report
assert_match "^Digest  *$digest" report
ocinoco copy oci:lay "$registry/copy:1" >copied
assert_equal "$digest" "$(field .digest copied)"
oci-fetch "$registry/copy:1" | oci-config | oci-push-manifest "$registry/copy:2" >filtered
assert_equal "$digest" "$(field .digest filtered)"
oci-fetch "$registry/copy:1" | oci-config --env A=b | oci-push-manifest oci:edited:1 >changed
assert_equal null "$(oci-fetch --raw oci:edited:1 | jq .annotations)"

# An artifact with an embedded config is copied as it is.
printf '{}' >empty
put empty application/vnd.oci.empty.v1+json | jq -c '.data = "e30="' >empty.json
jq -n --slurpfile e empty.json --arg t "$manifest_type" \
	'{schemaVersion: 2, mediaType: $t, artifactType: "a/b", config: $e[0], layers: $e}' >artifact
put artifact "$manifest_type" | tee artifact.json | list
ocinoco copy oci:lay "$registry/artifact:1" >copied
assert_equal "$(field .digest artifact.json)" "$(field .digest copied)"
assert_failed 64 oci-push-manifest oci-push-manifest --raw --index oci:x:1 <artifact

# The index names platforms that the configs do not, and lists an image twice.
{
	jq -c '.platform = {os: "linux", architecture: "arm", variant: "v6"}' a.json
	jq -c '.platform = {os: "linux", architecture: "arm64"}' b.json
	jq -c '.platform = {os: "linux", architecture: "arm64"} | .annotations = {k: "v"}' b.json
	jq -c '.platform = {os: "linux", architecture: "amd64"} | .artifactType = "a/b"' artifact.json
	jq -c '.platform = {os: "unknown", architecture: "unknown"}' artifact.json
} | jq -cs --arg t "$index_type" '{schemaVersion: 2, mediaType: $t, manifests: .}' >index
put index "$index_type" | tee index.json | list
oci-fetch --platform all oci:lay >lines
assert_equal 3 "$(wc -l <lines)"
oci-config --env A=b <lines | oci-push-manifest oci:new:1 >/dev/null
assert_equal 'arm/v6 arm64/ arm64/v' "$(oci-fetch --raw oci:new:1 |
	jq -r '.manifests[] | "\(.platform.architecture)/\(.platform.variant // "")\(.annotations.k // "")"' | xargs)"
# Unchanged and complete, the lines give the stored index, including entries that are not images.
oci-push-manifest --from oci:lay oci:kept:1 <lines >same
assert_equal "$(field .digest index.json)" "$(field .digest same)"
ocinoco inspect oci:lay --platform linux/arm64 >report
assert_match "^Index  *$(field .digest index.json)" report
assert_match '^Available  *linux/arm/v6, linux/arm64' report

# An index of blobs is copied whole.
printf cache >cache
put cache application/vnd.example.cache.v0 |
	jq -cs --arg t "$index_type" '{schemaVersion: 2, mediaType: $t, manifests: .}' >index
put index "$index_type" | list
ocinoco copy oci:lay oci:blobs:1 >/dev/null
[ -e "blobs/blobs/sha256/$(sha256sum <cache | cut -c1-64)" ] || fail 'the blob of an index'

# Tag names that are whole references.
jq -c '.annotations = {"org.opencontainers.image.ref.name": "docker.io/library/app:1"}' a.json | list
for name in $(oci-fetch --tags oci:lay); do oci-fetch "oci:lay:$name" >/dev/null; done
ocinoco copy oci:lay:docker.io/library/app:1 oci:named:library/app:2 >/dev/null
assert_equal 2 "$(oci-fetch --tags 'oci:named:library/app')"
ocinoco copy oci:lay:docker.io/library/app:1 oci:named/:library/app:2 >/dev/null
assert_equal library/app:2 "$(oci-fetch --tags oci:named)"

# An image that is pushed over its own base's tag keeps its base; the base's own annotations are not inherited.
base=$registry/base:1 app=$registry/app:1
oci-fetch scratch | oci-push-manifest --annotation org.opencontainers.image.version=1 "$base" >/dev/null
ocinoco build dist --from "$base" --tag "$app" --push >/dev/null
ocinoco build dist --from "$app" --tag "$app" --root-dir /two --push >second
assert_equal "$base null" "$(oci-fetch --raw "$app" |
	jq -r '"\(.annotations["org.opencontainers.image.base.name"]) \(.annotations["org.opencontainers.image.version"])"')"
for _ in 1 2; do ocinoco rebase "$app" >rebased; done
assert_equal "$(field .digest second)" "$(field .digest rebased)"

# A malformed platform is refused; several lines give several lists of layers.
assert_failed 64 oci-fetch oci-fetch --platform linux/amd64, oci:lay
assert_failed 64 oci-fetch oci-fetch --platform all --platform linux/amd64 oci:lay
oci-fetch "$app" >line
cat line line | oci-layers >layers
assert_equal 4 "$(wc -l <layers)"

# Input of another kind is named in the message.
ocinoco pack dist layer.tzst >layer.json
assert_failed 65 oci-manifest-append oci-manifest-append layer.tzst <line
assert_match "a zstd layer on 'layer.tzst', where descriptor lines are expected" err
assert_failed 65 oci-config oci-config <layer.json
assert_match "a descriptor line on .*, where image lines are expected" err
oci-tar dist >layer.tar
assert_failed 65 oci-config oci-config <layer.tar
assert_match 'a tar on' err
assert_failed 65 oci-push-manifest oci-push-manifest --raw oci:named <layer.tar
assert_match "a tar on 'standard input', where a manifest is expected" err
assert_failed 65 oci-push-manifest oci-push-manifest oci:named <layer.json
assert_match "a descriptor line on 'standard input', where a manifest is expected" err
mkdir unpacked
assert_failed 65 oci-untar oci-untar unpacked <layer.json
assert_match "a JSON document on 'standard input', where a layer is expected" err
oci-fetch --raw "$app" >raw
assert_failed 65 oci-config oci-config --env A=b <raw
assert_match "a manifest without its config on 'standard input', where image lines are expected" err
for tool in oci-zstd 'oci-load oci:loaded' 'oci-validate --archive' 'oci-tar --from-tar -'; do
	# shellcheck disable=SC2086
	assert_failed 65 "${tool%% *}" $tool <raw
	assert_match "a JSON document on 'standard input', where a tar is expected" err
done
assert_failed 65 oci-zstd oci-zstd <layer.tzst
assert_match "a zstd layer on 'standard input', where a tar is expected" err
assert_failed 65 oci-tar oci-tar --from-tar layer.tzst
assert_match "a zstd layer on 'layer.tzst', where a tar is expected" err
assert_failed 65 oci-diff oci-diff layer.tar dist
assert_match "a tar on 'layer.tar', where a snapshot is expected" err
assert_failed 65 oci-tar oci-tar --base line dist
assert_match "a JSON document on 'line', where a snapshot is expected" err
