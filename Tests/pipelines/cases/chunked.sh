# zstd:chunked: frames, table and tar-split are checked by a reader of our own; other programs read it as plain zstd.
# shellcheck source=../lib.sh
. "$TEST_LIB"

# judge TAR [OPTION...]: compresses TAR into layer.zst, with its descriptor in layer.json, and checks both.
judge() {
	tar=$1
	shift
	oci-zstd --chunked "$@" <"$tar" | oci-digest --tee layer.json >layer.zst
	oci-digest --verify-layer <layer.zst | cmp - layer.json
	python3 "$ROOT/Tests/pipelines/chunked_layer.py" layer.json layer.zst "$tar" >counts
}

# Sets `offset` and `count`: where the table is in the layer of layer.json.
table_position() {
	field '.annotations["io.github.containers.zstd-chunked.manifest-position"]' layer.json >position
	IFS=: read -r offset count _ <position
}

make_dist
head -c 3000000 /dev/zero >dist/zeros
seq 1 400000 >dist/many
head -c 2500000 /dev/urandom >dist/random
: >dist/empty
setfattr -n user.note -v 'a "note"' dist/empty
oci-tar --xattrs dist >dist.tar
judge dist.tar
read -r files chunks <counts
[ "$chunks" -gt 20 ] || fail "$chunks chunks of $files files"

# The result does not depend on the number of threads, or on how the input arrives.
for threads in 1 2 7; do
	oci-zstd --chunked --threads "$threads" <dist.tar | cmp - layer.zst
done
dd if=dist.tar bs=1009 status=none | oci-zstd --chunked | cmp - layer.zst

# Every other reader sees plain zstd.
zstd -dcq layer.zst | cmp - dist.tar
mkdir gnu bsd ours
tar -I zstd -xf layer.zst -C gnu
bsdtar -xf layer.zst -C bsd
cmp dist/many gnu/many
cmp dist/random bsd/random
oci-untar --diff-id "$(digest_of dist.tar)" ours <layer.zst
diff -r --no-dereference dist ours

judge dist.tar --level 12 --chunk-size 100000
judge dist.tar --level 1 --chunk-size 16777216
assert_equal 0 "$(cut -d' ' -f2 counts)" 'chunks of files that are smaller than one'

# Equal parts of two versions of a file are equal chunks.
for version in one two; do
	mkdir "$version"
	{ echo "$version and more" && cat dist/random; } >"$version/file"
	oci-tar "$version" >version.tar
	judge version.tar
	table_position
	tail -c "+$((offset + 1))" layer.zst | head -c "$count" | zstd -dcq |
		jq -r '.entries[].chunkDigest // empty' | sort >"$version.chunks"
done
common=$(comm -12 one.chunks two.chunks | wc -l)
[ "$common" -ge $(($(wc -l <one.chunks) - 3)) ] || fail "$common common chunks"

# A truncated stream is not a layer, also when it ends after a frame.
oci-zstd --chunked <dist.tar >layer.zst
size=$(wc -c <layer.zst)
for cut in 1 64 65 71 72 73 1000 5000 100000 $((size - 100)) $((size - 1)); do
	head -c $((size - cut)) layer.zst >cut.zst
	assert_failed 65 oci-digest oci-digest <cut.zst
done
head -c 100000 dist.tar >cut.tar

# refuses TAR: TAR is refused, and what was already written is not a whole layer.
refuses() {
	expect 65 oci-zstd --chunked <"$1"
	assert_message oci-zstd
	mv out cut.zst
	mv err refusal
	assert_failed 65 oci-digest oci-digest <cut.zst
}
refuses cut.tar

# What the table cannot express is refused with the entry's name.
mkdir latin
: >"latin/$(printf 'caf\351')"
oci-tar latin >latin.tar
expect 65 oci-zstd --chunked <latin.tar
assert_match "oci-zstd: 'caf.*': a name that is not UTF-8" err
cat dist.tar >twice.tar
tar -rf twice.tar -C dist empty
refuses twice.tar
assert_match 'twice' refusal
for options in --any --no-trailer '--long 20' '--chunk-size 1'; do
	# shellcheck disable=SC2086 # words
	assert_failed 64 oci-zstd oci-zstd --chunked $options <dist.tar
done
assert_failed 64 oci-zstd oci-zstd --chunk-size 100000 <dist.tar

# Tars of other programs.
tar --format=posix -cf posix.tar dist
judge posix.tar
tar --format=gnu -cf gnu.tar dist
judge gnu.tar
bsdtar --format=pax -cf bsd.tar dist
judge bsd.tar

# Through a registry: the manifest has the annotations, and other readers accept the image.
start_registry plain
push_base
oci-zstd --chunked <dist.tar | oci-push-blob "$registry/example/app" >layer.json
oci-fetch "$registry/example/base:latest" | oci-manifest-append layer.json |
	oci-config --cmd '["/bin/sh"]' | oci-push-manifest "$registry/example/app:latest" >pushed.json
oci-fetch --raw "$registry/example/app:latest" >manifest.json
for key in manifest-checksum manifest-position tarsplit-position; do
	key=io.github.containers.zstd-chunked.$key
	assert_equal "$(field ".annotations[\"$key\"]" layer.json)" \
		"$(field ".layers[-1].annotations[\"$key\"]" manifest.json)" "$key"
done
unpack_image "$registry/example/app:latest" root
cmp dist/random root/random
skopeo_copy "docker://$registry/example/app:latest" oci:copied:latest
buildah --root "$PWD/storage" --runroot "$PWD/run" --storage-driver vfs pull --quiet \
	--tls-verify=false "docker://$registry/example/app:latest" >buildah.log

# One file by a range request, as a lazy reader fetches it.
table_position
url=http://$registry/v2/example/app/blobs/$(field .digest layer.json)
curl -sSf -r "$offset-$((offset + count - 1))" "$url" >table.zst
assert_equal "$(field '.annotations["io.github.containers.zstd-chunked.manifest-checksum"]' layer.json)" \
	"$(digest_of table.zst)"
zstd -dcq <table.zst >table.json
field '.entries[] | select(.name == "lib/numbers") | "\(.offset) \(.endOffset - 1)"' table.json >range
read -r first end <range
curl -sSf -r "$first-$end" "$url" | zstd -dcq | cmp - dist/lib/numbers

# Docker's format has no zstd; the same layer in gzip has no table.
oci-fetch "$registry/example/app:latest" >image.json
assert_failed 65 oci-convert oci-convert --to docker <image.json
jq -c '.layers[].mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"' image.json |
	oci-convert --to docker >docker.json
assert_equal null "$(field '.layers[-1].annotations' docker.json)"
