# Archives in the forms that other programs write: compressed, with links, for several platforms, with blobs missing.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
for platform in linux/amd64 linux/arm64; do
	oci-fetch scratch --platform "$platform" >"base.json"
	oci-tar dist | oci-zstd | oci-push-blob oci:two >layer.json
	oci-manifest-append layer.json <base.json | oci-config --label "p=$platform"
done >lines
oci-push-manifest oci:two:1 <lines >index.json
ocinoco save oci:two:1 --tag example/app:1 >app.tar

# Compressed as a whole.
gzip -nc app.tar >app.tar.gz
zstd -q app.tar
for archive in app.tar app.tar.gz app.tar.zst; do
	rm -rf loaded
	oci-load oci:loaded <"$archive" | cmp - index.json
done
head -c 3000 app.tar.gz >cut.gz
assert_failed 65 oci-load oci-load oci:cut <cut.gz
assert_equal 0 "$(jq '.manifests | length' cut/index.json 2>/dev/null || echo 0)"
xz -k app.tar
assert_failed 65 oci-load oci-load oci:xz <app.tar.xz
assert_match "compressed by xz .*'xz -dc'" err

# Some of the platforms.
expect 0 oci-load --platform linux/arm64 oci:arm:1 <app.tar
assert_equal linux/arm64 "$(oci-fetch --config --platform all oci:arm:1 | jq -r .config.Labels.p)"
expect 0 oci-load --platform linux/arm64,linux/amd64 oci:both:1 <app.tar
assert_equal 'linux/arm64 linux/amd64' \
	"$(oci-fetch --config --platform all oci:both:1 | jq -r .config.Labels.p | xargs)"
assert_failed 69 oci-load oci-load --platform linux/s390x oci:none:1 <app.tar
assert_failed 64 oci-load oci-load --platform linux oci:none:1 <app.tar

# Docker's index names a platform that is not in the archive.
mkdir sparse
tar -xf app.tar -C sparse
arm=$(oci-fetch --raw oci:two:1 | jq -r '.manifests[1].digest')
rm "sparse/blobs/sha256/${arm#sha256:}"
tar -cf sparse.tar -C sparse .
expect 0 oci-load oci:sparse <sparse.tar
assert_match 'warning: 1 of 2 manifests of the index' err
assert_equal linux/amd64 "$(oci-fetch --config --platform all oci:sparse:1 | jq -r .config.Labels.p)"

# index.json is itself the list of platforms, and begins with white space.
mkdir flat
tar -xf app.tar -C flat
rm flat/manifest.json
{
	printf '\n  '
	oci-fetch --raw oci:two:1
} >flat/index.json
tar -cf flat.tar -C flat oci-layout index.json blobs
oci-load oci:flat:t <flat.tar >/dev/null
assert_equal 2 "$(oci-fetch --platform all oci:flat:t | wc -l)"

# Docker's format, with layers whose names begin like JSON, and with links to links.
for name in '[id].tsx' '{{name}}' plain; do
	rm -rf tree docker
	mkdir tree docker docker/a docker/b
	echo page >"tree/$name"
	tar -cf docker/a/layer.tar -C tree "$name"
	ln -s ../a/layer.tar docker/b/layer.tar
	ln -s b/layer.tar docker/link.tar
	diff_id=$(digest_of docker/a/layer.tar)
	jq -n --arg d "$diff_id" '{architecture: "amd64", os: "linux", rootfs: {type: "layers", diff_ids: [$d]}}' \
		>docker/config.json
	echo '[{"Config":"./config.json","RepoTags":["x:1"],"Layers":["./b/../link.tar"]}]' >docker/manifest.json
	tar -cf docker.tar -C docker .
	rm -rf out
	oci-load oci:named <docker.tar >/dev/null
	assert_equal "$diff_id" "$(oci-fetch oci:named:1 | oci-layers | jq -r .digest)"
done

# Empty layers, and layers of compressed nothing: the diffID proves that they are whole.
: >docker/a/layer.tar
gzip -nc </dev/null >docker/empty.gz
diff_id=$(digest_of docker/a/layer.tar)
jq -n --arg d "$diff_id" '{architecture: "amd64", os: "linux", rootfs: {type: "layers", diff_ids: [$d, $d]}}' \
	>docker/config.json
echo '[{"Config":"config.json","RepoTags":["x:1"],"Layers":["link.tar","empty.gz"]}]' >docker/manifest.json
tar -cf docker.tar -C docker .
rm -rf named
oci-load oci:named <docker.tar >/dev/null
assert_equal "0 $(wc -c <docker/empty.gz)" "$(oci-fetch oci:named:1 | oci-layers | jq -r .size | xargs)"
expect 0 ocinoco unpack oci:named:1 bundle --args /bin/true -q
assert_equal '' "$(ls bundle/rootfs)"
jq --arg d "sha256:$(printf %064d 1)" '.rootfs.diff_ids[0] = $d' docker/config.json >changed.json
mv changed.json docker/config.json
tar -cf docker.tar -C docker .
assert_failed 65 oci-load oci-load oci:wrong <docker.tar
