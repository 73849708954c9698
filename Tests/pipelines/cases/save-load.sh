# Archives for and from skopeo, in Docker's format and in OCI's.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
ocinoco build dist --from "$registry/example/base:latest" --tag "$registry/example/app:1" --root-dir /app \
	--cmd '["node","server.js"]' --user 1000 --push >zstd.json
ocinoco build dist --from "$registry/example/base:latest" --tag "$registry/example/app:gzip" --root-dir /app \
	--compress gzip --push >gzip.json

# member ARCHIVE NAME: prints a file of an archive.
member() {
	bsdtar -xOf "$1" "$2"
}

# The archive has the image unchanged, with layers of every compression, and skopeo reads it in both formats.
ocinoco save "$registry/example/app:1" >app.tar
ocinoco save "$registry/example/app:1" | cmp - app.tar
member app.tar index.json >member.json
assert_equal "$(field .digest zstd.json)" "$(field '.manifests[0].digest' member.json)"
member app.tar manifest.json >member.json
assert_equal "[\"$registry/example/app:1\"]" "$(jq -c '.[0].RepoTags' member.json)"
skopeo_copy oci-archive:app.tar oci:from-oci:image
assert_equal "$(field .digest zstd.json)" "$(field '.manifests[0].digest' from-oci/index.json)"
skopeo_copy "docker-archive:app.tar:$registry/example/app:1" oci:from-docker:image
unpack_layout from-docker root
assert_equal '["node","server.js"]' "$(jq -c .config.Cmd config.json)"
run_image root >printed
assert_match '^served by 1000:' printed

# Image lines, under a name of their own, from a layout.
skopeo_copy "docker://$registry/example/app:gzip" oci:lay:gzip
oci-fetch oci:lay:gzip | oci-config --env NEW=1 | oci-save --tag busybox --tag example/other:2 >lines.tar
member lines.tar manifest.json >member.json
assert_equal '["busybox:latest","example/other:2"]' "$(jq -c '.[0].RepoTags' member.json)"
skopeo_copy docker-archive:lines.tar:busybox:latest oci:from-lines:image
skopeo_copy oci-archive:lines.tar:2 oci:from-lines:two

# Back again: the same digest, in a registry or a layout, by the archive's tag or another.
oci-load "$registry/example/copy" <app.tar >loaded.json
cmp loaded.json zstd.json
assert_equal "$(field .digest zstd.json)" "$(tag_digest example/copy:1)"
ocinoco load oci:loaded:other <app.tar | cmp - zstd.json
assert_equal other "$(field '.manifests[0].annotations["org.opencontainers.image.ref.name"]' loaded/index.json)"
oci-load oci:loaded --image busybox <lines.tar >lines.json
assert_equal '2 latest other' "$(oci-fetch --tags oci:loaded | sort | xargs)"

# skopeo's archives: OCI's format keeps the digest; Docker's has uncompressed layers, links and the old files.
skopeo_copy oci:lay:gzip oci-archive:skopeo-oci.tar:v1
oci-load "$registry/example/back" <skopeo-oci.tar >back.json
assert_equal "$(field .digest gzip.json)" "$(tag_digest example/back:v1)"
skopeo_copy oci:lay:gzip docker-archive:skopeo-docker.tar:example/thing:v2
oci-load oci:docker <skopeo-docker.tar >docker.json
assert_equal v2 "$(oci-fetch --tags oci:docker)"
skopeo_copy oci:docker:v2 oci:checked:image
unpack_layout checked root-docker
rm -rf root-oci
unpack_layout lay root-oci
diff -r --no-dereference root-docker root-oci
assert_equal "$(oci-fetch --config oci:lay:gzip | jq -c .rootfs)" "$(jq -c .rootfs config.json)"

# Docker's old form: a directory for each layer, the config, and the manifest last.
mkdir old
id=0000000000000000000000000000000000000000000000000000000000000001
mkdir "old/$id"
echo 1.0 >"old/$id/VERSION"
echo "{\"id\":\"$id\"}" >"old/$id/json"
(cd dist && tar -cf "../old/$id/layer.tar" .)
printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["%s"]},"history":[{}]}' \
	"$(digest_of "old/$id/layer.tar")" >old/config.json
echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"old:1\"],\"Layers\":[\"$id/layer.tar\"]}]" >old/manifest.json
tar -cf old.tar -C old "$id" config.json manifest.json
oci-load oci:old-loaded <old.tar >old.json
skopeo_copy oci:old-loaded:1 oci:old-checked:image
unpack_layout old-checked old-root
cmp old-root/server.js dist/server.js
tar -cf obsolete.tar -C old "$id"
assert_failed 65 oci-load oci-load oci:none <obsolete.tar
assert_match 'before 1.10' err

# A wrong diffID, a wrong digest, a missing blob, a truncated archive, a path that leads out, and no archive at all.
sed 's/"diff_ids":\["sha256:..../"diff_ids":["sha256:0000/' old/config.json >wrong
mv wrong old/config.json
tar -cf wrong.tar -C old "$id" config.json manifest.json
assert_failed 65 oci-load oci-load oci:none <wrong.tar
assert_match 'diffID mismatch' err
mkdir parts
bsdtar -xf app.tar -C parts
blob=$(find parts/blobs -size +100k | head -n 1)
cp -R parts missing
rm "missing/${blob#parts/}"
bsdtar -cf missing.tar -C missing .
assert_failed 65 oci-load oci-load oci:none <missing.tar
assert_match 'not in the archive' err
printf x | dd of="$blob" bs=1 seek=5000 conv=notrunc 2>/dev/null
bsdtar -cf changed.tar -C parts .
assert_failed 65 oci-load oci-load oci:none <changed.tar
assert_match 'digest mismatch' err
head -c 200000 app.tar >cut.tar
assert_failed 65 oci-load oci-load "$registry/example/none" <cut.tar
assert_equal '' "$(tag_digest example/none:1)"
tar -cPf escape.tar --transform 's,^,../,' old/manifest.json
assert_failed 65 oci-load oci-load oci:none <escape.tar
assert_match 'leads out' err
assert_failed 65 oci-load oci-load oci:none </dev/null
seq 1 1000 >text
tar -cf text.tar text
assert_failed 65 oci-load oci-load oci:none <text.tar
assert_match 'no archive of images' err
[ ! -e none/index.json ] || assert_equal '[]' "$(jq -c .manifests none/index.json)"

# A blob that does not match its digest leaves the archive without its end.
cp -R lay broken
blob=$(find broken/blobs -size +100k | head -n 1)
printf x | dd of="$blob" bs=1 seek=5000 conv=notrunc 2>/dev/null
status=0
oci-fetch --raw oci:broken:gzip | oci-save --from oci:broken >broken.tar 2>err || status=$?
assert_equal 65 "$status"
assert_message oci-save
! tar -tf broken.tar >/dev/null 2>&1 || fail 'a broken archive has an end'
expect 74 sh -c 'oci-fetch --raw oci:lay:gzip | oci-save --from oci:lay >/dev/full'
assert_failed 65 oci-save oci-save </dev/null
oci-fetch oci:lay:gzip >line
assert_failed 66 oci-save oci-save --from oci:nowhere <line
assert_match "layer [0-9]* of [0-9]* of the image 'sha256:[0-9a-f]*' is not in 'oci:nowhere'; cannot open 'nowhere': " err

# Several platforms: all of them in the OCI part, this machine's in Docker's.
oci-fetch oci:lay:gzip >one
oci-config --platform linux/s390x <one >two
oci-config --platform linux/arm64 <one >three
cat two one three | oci-push-manifest oci:multi:all >multi.json
ocinoco save oci:multi:all --tag example/multi:all >multi.tar
member multi.tar manifest.json >member.json
assert_equal 1 "$(jq length member.json)"
ocinoco load oci:multi-loaded <multi.tar | cmp - multi.json
assert_equal 3 "$(oci-fetch --platform all oci:multi-loaded:all | wc -l)"
ocinoco copy oci:multi:all oci:multi-copied:all | cmp - multi.json
ocinoco copy oci:multi:all oci:multi-copied:arm --platform linux/arm64 >arm.json
assert_equal 1 "$(oci-fetch --platform all oci:multi-copied:arm | wc -l)"

# Several images in one archive: each has an entry in both parts, and shared blobs are stored once.
oci-fetch oci:lay:gzip >one.line
oci-config --label which=two <one.line >two.line
cat one.line two.line | oci-save --tag busybox:one --tag example/two:2 >both.tar
member both.tar manifest.json >member.json
assert_equal '[["busybox:one"],["example/two:2"]]' "$(jq -c 'map(.RepoTags)' member.json)"
member both.tar index.json >member.json
assert_equal 'one 2' "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' member.json | xargs)"
assert_equal "$(tar -tf both.tar | sort -u | wc -l)" "$(tar -tf both.tar | wc -l)"
rm -rf both
oci-load oci:both <both.tar >both.json
assert_equal 2 "$(wc -l <both.json)"
assert_equal '2 one' "$(oci-fetch --tags oci:both | sort | xargs)"
assert_equal two "$(oci-fetch --config oci:both:2 | jq -r .config.Labels.which)"
rm -rf from-both
skopeo_copy docker-archive:both.tar:example/two:2 oci:from-both:two
skopeo_copy docker-archive:both.tar:busybox:one oci:from-both:one
skopeo_copy oci-archive:both.tar:2 oci:from-both:three
assert_equal two "$(oci-fetch --config oci:from-both:two | jq -r .config.Labels.which)"
assert_equal null "$(oci-fetch --config oci:from-both:one | jq -r '.config.Labels.which')"
assert_equal two "$(oci-fetch --config oci:from-both:three | jq -r .config.Labels.which)"
# Without names; with too few or too many; the same image twice; all platforms of two images.
cat one.line two.line | oci-save | oci-load oci:unnamed 2>err | wc -l >count
assert_equal 2 "$(cat count)"
cat one.line two.line >lines
assert_failed 64 oci-save oci-save --tag a <lines
assert_match '1 names for 2 images' err
cat one.line one.line | oci-save --tag a --tag b >same.tar
member same.tar manifest.json >member.json
assert_equal '[["a:latest","b:latest"]]' "$(jq -c 'map(.RepoTags)' member.json)"
for arch in amd64 arm64; do
	oci-config --platform linux/$arch <one.line
done | oci-push-manifest --from oci:lay oci:lay:both >/dev/null
{
	oci-fetch --platform all oci:lay:both
	oci-fetch --platform all oci:lay:both | oci-config --label which=other
} | oci-save --tag a:1 --tag b:2 >indexes.tar
member indexes.tar index.json >member.json
assert_equal '1 index 2 index' "$(jq -r '.manifests[] | .annotations["org.opencontainers.image.ref.name"],
	(.mediaType | capture("image.(?<kind>[a-z]+)").kind)' member.json | xargs)"
member indexes.tar manifest.json >member.json
assert_equal '[["a:1"],["b:2"]]' "$(jq -c 'map(.RepoTags)' member.json)"
