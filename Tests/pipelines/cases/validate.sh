# oci-validate: every kind of fault has a line with the digest concerned, and a sound image has none.

# shellcheck source=../lib.sh
. "$TEST_LIB"

blob() {
	echo "$1/blobs/sha256/${2#sha256:}"
}

# damaged NAME: a copy of the layout, with its name in `layout`.
damaged() {
	layout=$1
	rm -rf "$layout"
	cp -r image "$layout"
}

# faulty PATTERN [OPTION...]: expects exactly one fault in the layout, with this form.
faulty() {
	pattern=$1
	shift
	expect 65 oci-validate "$@" "oci:$layout"
	assert_equal 1 "$(wc -l <out)" "$(cat out)"
	assert_match "$pattern" out
	assert_message oci-validate
}

# store FILE: stores a document as a blob of the layout and prints its digest.
store() {
	digest=$(digest_of "$1")
	cp "$1" "$(blob "$layout" "$digest")"
	echo "$digest"
}

# manifest_with FILTER: changes the manifest, and the index that refers to it.
manifest_with() {
	jq -c "$1" "$(blob image "$manifest")" >changed.json
	digest=$(store changed.json)
	jq -c --arg digest "$digest" --argjson size "$(wc -c <changed.json)" \
		'.manifests[0].digest = $digest | .manifests[0].size = $size' image/index.json >"$layout/index.json"
}

# config_with FILTER: changes the config, and everything that refers to it.
config_with() {
	jq -c "$1" "$(blob image "$config")" >config.json
	changed=$(store config.json)
	manifest_with ".config.digest = \"$changed\" | .config.size = $(wc -c <config.json)"
}

make_dist
oci-tar dist | oci-zstd | oci-push-blob oci:image >1.json
printf x >new
oci-tar new --whiteout /lib/data | gzip -n | oci-push-blob oci:image >2.json
oci-fetch scratch | oci-manifest-append 1.json 2.json | oci-push-manifest oci:image:1 >pushed
manifest=$(field .digest pushed)
config=$(field .config.digest "$(blob image "$manifest")")
layer=$(field .digest 1.json)

expect 0 oci-validate oci:image oci:image:1
assert_empty out
assert_empty err
expect 0 oci-validate --fast oci:image

# Blobs: wrong bytes, truncated, missing. --fast sees only the size.
damaged bytes
printf x | dd of="$(blob bytes "$layer")" bs=1 seek=30 conv=notrunc 2>dd.log
faulty "^$layer "
expect 0 oci-validate --fast oci:bytes
damaged cut
head -c 50 "$(blob image "$layer")" >"$(blob cut "$layer")"
faulty "^$layer 50 bytes, but layers\[0\] of '$manifest' says [0-9]+$" --fast
damaged missing
rm "$(blob missing "$layer")"
faulty "^$layer missing: layers\[0\] of '$manifest'$" --fast
damaged config
rm "$(blob config "$config")"
faulty "^$config missing: config of '$manifest'$" --fast
damaged manifest
rm "$(blob manifest "$manifest")"
faulty "^$manifest missing: manifests\[0\] of 'index.json' names it$" --fast
# Two faults, two lines: a fault does not end the check.
damaged two
rm "$(blob two "$layer")"
rm "$(blob two "$(field .digest 2.json)")"
expect 65 oci-validate --fast oci:two
assert_equal 2 "$(wc -l <out)"

# Documents.
damaged diffs
config_with ".rootfs.diff_ids[0] = \"$layer\""
faulty "^$layer diffID mismatch"
expect 0 oci-validate --fast oci:diffs
damaged counts
config_with '.rootfs.diff_ids += [.rootfs.diff_ids[0]]'
faulty "^$changed rootfs.diff_ids: 3 diffIDs for 2 layers$" --fast
damaged history
config_with '.history += [{}, {}]'
faulty "^$changed history: 4 entries of layers for 2 layers$" --fast
damaged json
printf '{"rootfs":' >broken
changed=$(store broken)
manifest_with ".config.digest = \"$changed\" | .config.size = 10"
faulty "^$changed " --fast
damaged types
manifest_with '.layers[0].mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"'
expect 65 oci-validate --fast oci:types
assert_match "^$digest layers\[0\].mediaType: .* in a manifest of type application/vnd.oci" out
damaged compression
manifest_with '.layers[0].mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"'
faulty "^$layer .* is zstd, not application/vnd.oci.image.layer.v1.tar.gzip$"
# A window that engines refuse: they allow 128 MiB.
damaged window
oci-fetch --blob oci:image <1.json | zstd -dcq | zstd -q --long=28 >wide
changed=$(store wide)
manifest_with ".layers[0].digest = \"$changed\" | .layers[0].size = $(wc -c <wide)"
faulty "^$changed "
damaged size
jq -c '.manifests[0].size = 7' image/index.json >size/index.json
faulty '^index.json manifests\[0\].size: 7, but it has [0-9]+ bytes$' --fast
damaged index
jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
	manifests: [.manifests[0] | del(.annotations) | .platform = {os: "plan9", architecture: "mips"}]}' \
	image/index.json >platforms.json
digest=$(store platforms.json)
jq -c --arg digest "$digest" --argjson size "$(wc -c <platforms.json)" '.manifests = [{
	mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest, size: $size}]' \
	image/index.json >index/index.json
faulty "^$config for '.*', but its index says 'plan9/mips'$" --fast

# Layouts: names, and leftovers of killed processes.
damaged names
jq -c '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "a b"' image/index.json >names/index.json
faulty '^index.json manifests\[0\].annotations: not a name: a b$' --fast
damaged stray
: >stray/blobs/sha256/.blob.1.abc.tmp
faulty '^blobs/sha256/.blob.1.abc.tmp a file that is no blob$' --fast

# Layers: entries that every unpacker refuses, and links to missing files.
python3 - <<'END'
import io, tarfile
for name, entries in {"bare": [(".wh.", tarfile.REGTYPE, "")], "link": [("l", tarfile.LNKTYPE, "none")]}.items():
    with tarfile.open(name + ".tar", "w") as tar:
        for path, kind, target in entries:
            info = tarfile.TarInfo(path)
            info.type, info.linkname = kind, target
            tar.addfile(info)
END
for name in bare link; do
	oci-zstd <$name.tar | oci-push-blob oci:$name >line
	oci-fetch scratch | oci-manifest-append line | oci-push-manifest oci:$name:1 >pushed
	layout=$name
	if [ $name = bare ]; then subject=$(field .digest line); else subject=$(field .digest pushed); fi
	faulty "^$subject "
done

# Archives on stdin: the same faults, one line each.
archive() {
	expect "$1" oci-validate --archive <"$2"
	[ "$1" = 0 ] || assert_message oci-validate
}
oci-fetch --raw oci:image:1 | oci-save --raw --from oci:image --tag app:1 >good.tar
for form in cat 'gzip -n' 'zstd -q'; do
	$form <good.tar >form.tar
	archive 0 form.tar
	assert_empty out
	assert_empty err
done
tar -cf layout.tar -C image .
archive 0 layout.tar

# archived LAYOUT: makes an archive of it
archived() {
	tar -cf "$1.tar" -C "$1" oci-layout index.json blobs
}
for layout in bytes cut missing config manifest two diffs counts history json types compression size index names bare link; do
	archived "$layout"
	status=0
	oci-validate "oci:$layout" >expected 2>err || status=$?
	assert_equal 65 "$status" "$layout"
	archive 65 "$layout.tar"
	cut -d ' ' -f 1 expected | sort >subjects
	cut -d ' ' -f 1 out | sort | diff subjects - || fail "$layout: $(cat expected out)"
done

# Docker's: links, layers under any name, compressed or not; the first fault of each image is listed.
mkdir docker
for name in 1 2; do
	oci-fetch --blob oci:image <$name.json | if [ $name = 1 ]; then zstd -dcq; else gzip -dc; fi >docker/$name.tar
done
oci-fetch --config oci:image:1 >docker/config.json
echo '[{"Config":"config.json","RepoTags":["app:1"],"Layers":["1.tar","2.tar"]}]' >docker/manifest.json
pack_docker() {
	tar -cf docker.tar -C docker .
}
pack_docker
archive 0 docker.tar
gzip -n docker/2.tar && mv docker/2.tar.gz docker/2.tar
ln -s 1.tar docker/link.tar
echo '[{"Config":"config.json","RepoTags":["app:1"],"Layers":["link.tar","2.tar"]}]' >docker/manifest.json
pack_docker
archive 0 docker.tar
printf x | dd of=docker/1.tar bs=1 seek=600 conv=notrunc 2>dd.log
pack_docker
archive 65 docker.tar
assert_equal 1 "$(wc -l <out)"
assert_match '^manifest.json\[0\] diffID mismatch' out
rm docker/1.tar docker/link.tar
pack_docker
archive 65 docker.tar
assert_match '^manifest.json\[0\] .*link.tar.* is not in the archive$' out
echo '[{"Config":"none.json","RepoTags":null,"Layers":[]},{"Config":"config.json","RepoTags":null,"Layers":[]}]' \
	>docker/manifest.json
pack_docker
archive 65 docker.tar
assert_equal 2 "$(wc -l <out)"
assert_match '^manifest.json\[1\] ' out

# Input that is not an archive, or is truncated, is an error; no file is left anywhere.
head -c 5000 good.tar >cut.tar
assert_failed 65 oci-validate oci-validate --archive <cut.tar
oci-tar dist >other.tar
assert_failed 65 oci-validate oci-validate --archive <other.tar
assert_failed 65 oci-validate oci-validate --archive </dev/null
assert_failed 64 oci-validate oci-validate --archive oci:image
assert_failed 64 oci-validate oci-validate
assert_failed 64 oci-validate oci-validate --archive --fast <good.tar

# A registry; an image that does not exist is an error, not a fault.
start_registry plain
ocinoco copy oci:image:1 "$registry/example/app:1" >copied
expect 0 oci-validate "$registry/example/app:1"
printf x | dd of="$(blob_file "$layer")" bs=1 seek=30 conv=notrunc 2>dd.log
expect 65 oci-validate "$registry/example/app:1"
assert_match "^$layer " out
assert_failed 69 oci-validate oci-validate "$registry/example/app:none"
assert_failed 66 oci-validate oci-validate oci:nowhere
assert_failed 64 oci-validate oci-validate
