# ocinoco --compress zstd:chunked: packed, built, kept, reused, copied, saved and loaded; the annotations are dropped
# where they would be wrong.
# shellcheck source=../lib.sh
. "$TEST_LIB"

key=io.github.containers.zstd-chunked
# table FILE: the digests of the tables of an image's layers, or of one layer.
table() {
	field "(.layers // [.])[] | .annotations[\"$key.manifest-checksum\"] // empty" "$1"
}

start_registry plain
push_base
make_dist
head -c 3000000 /dev/urandom >dist/random
app=$registry/example/app

expect 0 ocinoco pack dist layer.tar.zst --compress zstd:chunked --root-dir /app
oci-tar dist --root-dir /app | oci-zstd --chunked | cmp - layer.tar.zst
oci-digest <layer.tar.zst >layer.json
[ -n "$(table layer.json)" ] || fail "no table: $(cat layer.json)"

build() {
	ocinoco build dist --from "$registry/example/base:latest" --root-dir /app --compress zstd:chunked "$@"
}

# A layer that another build stored as plain zstd is not reused.
ocinoco build dist --from "$registry/example/base:latest" --tag "$app:1" --root-dir /app --push >plain.json
expect 0 build --tag "$app:1" --push
mv out pushed.json
oci-fetch --raw "$app:1" >manifest.json
assert_equal "$(table layer.json)" "$(table manifest.json)"

# The second time, nothing is compressed or sent.
uploads() {
	grep -c '"POST /v2/[^"]*/blobs/uploads/' "$registry_log" || :
}
before=$(uploads)
expect 0 build --tag "$app:1" --push
cmp pushed.json out
assert_equal "$before" "$(uploads)" 'uploads'
expect 0 build --tag "$app:2" --reuse "$app:1" --push
oci-fetch --raw "$app:2" | cmp - manifest.json
expect 0 build --tag "$app:1" --reuse "$app:1" --push -n
grep -q 'oci-reuse .*--chunked' out

# A chunked layer is reused where plain zstd is asked for.
expect 0 ocinoco build dist --from "$registry/example/base:latest" --tag "$app:1" --root-dir /app --push
cmp pushed.json out

mkdir kept
expect 0 build --tag "$app:3" --keep kept --push
find kept -name '*.tar.zst' -exec cmp {} layer.tar.zst \;
[ -n "$(find kept -name '*.tar.zst')" ] || fail "nothing kept: $(ls kept)"

# Copies have the same manifest.
expect 0 ocinoco copy "$app:1" oci:layout:1
expect 0 ocinoco copy oci:layout:1 "$registry/other/app:1"
oci-fetch --raw "$registry/other/app:1" | cmp - manifest.json
ocinoco save oci:layout:1 --tag example/app:1 >image.tar
ocinoco load "$registry/loaded/app:1" <image.tar >loaded.out
oci-fetch --raw "$registry/loaded/app:1" >loaded.json
assert_equal "$(table layer.json)" "$(table loaded.json)"
expect 0 ocinoco validate "$registry/loaded/app:1"
for image in "$app:1" oci:layout:1 "$registry/loaded/app:1"; do
	oci-fetch "$image" >image.json
	oci-flatten --no-cache --only app/random <image.json | tar -xOf - | cmp - dist/random
done
unpack_image "$app:1" root
cmp dist/random root/app/random

# The layer in another compression has no table.
for compressor in 'gzip -n' 'zstd -q' cat oci-zstd; do
	zstd -dcq layer.tar.zst | $compressor | oci-digest >other.json
	assert_equal '' "$(table other.json)" "$compressor"
	assert_equal "$(field '.annotations["containerd.io/uncompressed"]' layer.json)" \
		"$(field '.annotations["containerd.io/uncompressed"]' other.json)"
done

# Equal parts of two versions of a large file are equal chunks.
mkdir one two
head -c 20000000 /dev/urandom >one/file
{ echo 'a line more' && cat one/file; } >two/file
for version in one two; do
	oci-tar $version | oci-zstd --chunked | oci-digest --tee $version.json >$version.zst
	IFS=: read -r offset count _ <<END
$(field ".annotations[\"$key.manifest-position\"]" $version.json)
END
	tail -c "+$((offset + 1))" $version.zst | head -c "$count" | zstd -dcq |
		jq -r '.entries[].chunkDigest // empty' | sort >$version.chunks
done
chunks=$(wc -l <two.chunks)
common=$(comm -12 one.chunks two.chunks | wc -l)
echo "$common of $chunks chunks are those of the file before"
[ "$common" -ge $((chunks - 3)) ] || fail "$common of $chunks common chunks"
