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

# What documents say of each other, and what programs need of a config.
damaged data
manifest_with '.layers[0].data = "aGk="'
faulty "^$digest layers\[0\].data: 2 bytes, but its size is [0-9]+$" --fast
damaged data-digest
manifest_with ".config.data = \"$(head -c "$(wc -c <"$(blob image "$config")")" /dev/zero | base64 -w 0)\""
faulty "^$digest config.data: its digest is not $config$" --fast
damaged data-text
manifest_with '.layers[1].data = "?"'
faulty "^$digest layers\[1\].data: not base64$" --fast
damaged data-good
manifest_with ".config.data = \"$(base64 -w 0 "$(blob image "$config")")\""
expect 0 oci-validate oci:data-good
damaged data-entry
jq -c '.manifests[0].data = "aGk="' image/index.json >data-entry/index.json
faulty '^index.json manifests\[0\].data: 2 bytes, but its size is [0-9]+$' --fast
damaged uncompressed
manifest_with ".layers[0].annotations[\"containerd.io/uncompressed\"] = \"$layer\""
faulty "^$digest layers\[0\].annotations: containerd.io/uncompressed is $layer, but the diffID is sha256:" --fast
damaged created
manifest_with '.annotations["org.opencontainers.image.created"] = "yesterday"'
faulty "^$digest annotations: org.opencontainers.image.created: " --fast
for key in os architecture; do
	damaged $key
	config_with "del(.$key)"
	jq -c 'del(.manifests[0].platform)' $key/index.json >index.json
	mv index.json $key/index.json
	faulty "^$changed $key: missing$" --fast
done
damaged few
config_with '.history = [{empty_layer: true}]'
faulty "^$changed history: 0 entries of layers for 2 layers$" --fast
damaged none
config_with 'del(.history)'
expect 0 oci-validate oci:none
damaged variables
config_with '.config.Env = ["A=1", "A", "=x", "B"] | .config.WorkingDir = "work" | .config.User = "a:b:c"'
expect 65 oci-validate --fast oci:variables
sort out >sorted
cat >expected <<END
$changed config.Env[1]: not NAME=VALUE: A
$changed config.Env[2]: not NAME=VALUE: =x
$changed config.Env[3]: not NAME=VALUE: B
$changed config.User: not USER[:GROUP]
$changed config.WorkingDir: not an absolute path: work
END
tr -d "'" <sorted | diff expected -
# The same for one image of the layout, and when sizes are wrong too.
expect 65 oci-validate --fast oci:variables:1
sort out | tr -d "'" | diff expected -
jq -c '.manifests[0].size = 7' variables/index.json >index.json
mv index.json variables/index.json
for reference in oci:variables oci:variables:1 "oci:variables@$digest"; do
	expect 65 oci-validate --fast "$reference"
	assert_match '^index.json manifests\[0\].size: 7, but it has [0-9]+ bytes$' out
	sed 1d out | sort | tr -d "'" | diff expected -
done
damaged sizes
config_with '.config.Env = ["A"] | .rootfs.diff_ids[0] = "'"$layer"'"'
manifest_with ".config.digest = \"$changed\" | .config.size = 7 | .layers[0].size = 8"
expect 65 oci-validate oci:sizes
assert_equal 4 "$(wc -l <out)" "$(cat out)"
assert_match "^$changed [0-9]+ bytes, but '$digest' says 7$" out
assert_match "^$changed config.Env\[0\]: not NAME=VALUE: 'A'$" out
assert_match "^$layer [0-9]+ bytes, but layers\[0\] of '$digest' says 8$" out
assert_match "^$layer diffID mismatch" out
# A field of a wrong type hides neither other fields nor the layers.
damaged fields
config_with '.config = {Cmd: "x", Labels: {a: 1}, Env: ["A"]} | .author = 3 | .os = 4 |
	.rootfs.diff_ids[0] = "'"$layer"'"'
expect 65 oci-validate oci:fields
grep -v "^$layer diffID mismatch" out | sort | tr -d "'" >sorted
diff - sorted <<END
$changed author: a number, not a string
$changed config.Cmd: a string, not an array
$changed config.Env[0]: not NAME=VALUE: A
$changed config.Labels.a: a number, not a string
$changed os: a number, not a string
END
assert_equal 6 "$(wc -l <out)"
damaged parts
manifest_with '.schemaVersion = 3 | .annotations = {a: 1} | .layers[0].size = -1 | .layers[1].digest = "x"'
rm "$(blob parts "$config")"
expect 65 oci-validate --fast oci:parts
sort out >sorted
sort <<END | diff - sorted
$config missing: config of '$digest'
$digest layers[0].size: negative
$digest layers[1].digest: not a sha256 or sha512 digest
$digest schemaVersion: not 2
END
damaged declarations
config_with '.config = {ExposedPorts: {"99999/tcp": {}, "53/udp": {}}, Volumes: {data: {}}, StopSignal: "TERMINATE"}'
expect 65 oci-validate --fast oci:declarations
sort out >sorted
diff - sorted <<END
$changed config.ExposedPorts["99999/tcp"]: not PORT[-LAST][/PROTO] with ports up to 65535
$changed config.StopSignal: not a signal: it should be like SIGTERM, SIGRTMIN+3 or 15
$changed config.Volumes.data: not an absolute path
END
damaged windows
config_with '.os = "windows" | .config.WorkingDir = "C:\\app"'
jq -c 'del(.manifests[0].platform)' windows/index.json >index.json
mv index.json windows/index.json
expect 0 oci-validate oci:windows

# The platform of an entry of index.json, by name and as part of the layout; also the second entry of a manifest.
damaged platform
jq -c '.manifests[0].platform = {os: "linux", architecture: "mips"}' image/index.json >platform/index.json
faulty "^$config for '.*', but its index says 'linux/mips'$" --fast
expect 65 oci-validate --fast oci:platform:1
assert_match "^$config for '.*', but its index says 'linux/mips'$" out
damaged platform-half
jq -c '.manifests[0].platform = {architecture: "mips"}' image/index.json >platform-half/index.json
expect 65 oci-validate --fast oci:platform-half
assert_match '^index.json manifests\[0\].platform.os: missing$' out
damaged second
jq -c '.manifests += [.manifests[0] | .platform = {os: "linux", architecture: "mips"}
	| .annotations["org.opencontainers.image.ref.name"] = "2"]' image/index.json >second/index.json
faulty "^$config for '.*', but its index says 'linux/mips'$" --fast
expect 0 oci-validate oci:second:1
expect 65 oci-validate oci:second:2

# An artifact of the empty config says what it is.
damaged artifact
printf '{}' >empty
changed=$(store empty)
manifest_with ".config = {mediaType: \"application/vnd.oci.empty.v1+json\", digest: \"$changed\", size: 2}"
faulty "^$digest artifactType: missing, but the config is empty$" --fast
damaged artifact-good
store empty >stored
manifest_with ".artifactType = \"a/b\" | .config = {
	mediaType: \"application/vnd.oci.empty.v1+json\", digest: \"$changed\", size: 2, data: \"e30=\"}"
expect 0 oci-validate oci:artifact-good

# What BuildKit says of how an image was built is no image, though its config looks like one.
damaged attestation
printf '{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["%s"]}}' "$layer" >config.json
printf '{}' >statement
jq -nc --arg config "$(store config.json)" --argjson size "$(wc -c <config.json)" --arg statement "$(store statement)" \
	'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
	config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $config, size: $size},
	layers: [{mediaType: "application/vnd.in-toto+json", digest: $statement, size: 2}]}' >statement.json
jq -c --arg digest "$(store statement.json)" --argjson size "$(wc -c <statement.json)" '.manifests += [{
	mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size,
	platform: {architecture: "unknown", os: "unknown"},
	annotations: {"vnd.docker.reference.type": "attestation-manifest"}}]' image/index.json >attestation/index.json
expect 0 oci-validate oci:attestation
rm "$(blob attestation "$(digest_of statement)")"
expect 65 oci-validate oci:attestation
assert_match "^$(digest_of statement) missing: layers\[0\] of " out

# zstd:chunked: the positions, each file's frames, and tar-split, also in a layer of another program, which has no
# trailer of ours.
oci-tar dist | oci-zstd --chunked | oci-push-blob oci:image >chunked.json
oci-fetch scratch | oci-manifest-append chunked.json | oci-push-manifest oci:image:chunked >pushed
expect 0 oci-validate oci:image:chunked
chunked=$(field .digest chunked.json)
rm -rf positions
cp -r image positions
for position in 1:2:3 1:2 a:b:c; do
	jq -c --arg position $position '.annotations["io.github.containers.zstd-chunked.tarsplit-position"] = $position' \
		chunked.json >line
	oci-fetch scratch | oci-manifest-append line | oci-push-manifest oci:positions:$position >pushed 2>err || continue
	expect 65 oci-validate "oci:positions:$position"
	assert_match "^$chunked unusable annotations of its table: the position of its tar-split is not " out
done
rm -rf foreign
for change in none tar-split offset; do
	python3 "$ROOT/Tests/pipelines/foreign_chunked.py" "$(blob image "$chunked")" $change >layer 3>annotations
	oci-push-blob oci:foreign <layer | jq -c --slurpfile annotations annotations '.annotations += $annotations[0]' >line
	oci-fetch scratch | oci-manifest-append line | oci-push-manifest "oci:foreign:$change" >pushed
	if [ $change = none ]; then
		expect 0 oci-validate oci:foreign:none
		continue
	fi
	expect 65 oci-validate "oci:foreign:$change"
	assert_match "^$(field .digest line) " out
	assert_equal 1 "$(wc -l <out)" "$(cat out)"
done

# Layouts: names, and leftovers of killed processes.
damaged names
jq -c '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "a b"' image/index.json >names/index.json
faulty '^index.json manifests\[0\].annotations: not a name: a b$' --fast
damaged stray
: >stray/blobs/sha256/.blob.1.abc.tmp
faulty '^blobs/sha256/.blob.1.abc.tmp a file that is no blob$' --fast
: >stray/blobs/y
mkdir stray/blobs/other
: >stray/blobs/other/z
expect 65 oci-validate --fast oci:stray
printf '%s\n' blobs/other/z blobs/sha256/.blob.1.abc.tmp blobs/y >expected
cut -d ' ' -f 1 out | diff expected -

# A fault of one of the layout's own files is that file's, also for one image.
for text in none '' junk '{}' '{"imageLayoutVersion":"2.0.0"}'; do
	damaged layout-file
	if [ "$text" = none ]; then rm layout-file/oci-layout; else printf %s "$text" >layout-file/oci-layout; fi
	faulty '^oci-layout '
	expect 65 oci-validate oci:layout-file:1
	assert_equal oci-layout "$(cut -d ' ' -f 1 out)"
	damaged index-file
	if [ "$text" = none ]; then rm index-file/index.json; else printf %s "$text" >index-file/index.json; fi
	faulty '^index.json '
	expect 65 oci-validate oci:index-file:1
	assert_equal index.json "$(cut -d ' ' -f 1 out)"
done
# An entry that cannot be read hides no other one, and is none of another image.
damaged entries
jq -c '.manifests = [{digest: "x"}, (.manifests[0] | .size = 7), {mediaType: 1}]' image/index.json >entries/index.json
expect 65 oci-validate --fast oci:entries
cut -d ' ' -f 2 out >places
printf '%s\n' 'manifests[0].mediaType:' 'manifests[1].size:' 'manifests[2].mediaType:' | diff - places
expect 65 oci-validate --fast oci:entries:1
assert_equal 'manifests[1].size:' "$(cut -d ' ' -f 2 out)"
jq -c '.mediaType = "application/vnd.oci.image.index.v1+json"' entries/index.json >nested.json
digest=$(layout=entries && store nested.json)
jq -c --arg digest "$digest" --argjson size "$(wc -c <nested.json)" '.manifests = [{digest: $digest, size: $size,
	mediaType: "application/vnd.oci.image.index.v1+json"}]' image/index.json >entries/index.json
expect 65 oci-validate --fast oci:entries
cut -d ' ' -f 2 out | diff places -
assert_equal "$digest" "$(cut -d ' ' -f 1 out | uniq)"
# A tag is that of one manifest.
damaged tags
jq -c '.manifests += [.manifests[0] | .digest = "'"$config"'" | .size = '"$(wc -c <"$(blob image "$config")")"']' \
	image/index.json >tags/index.json
expect 65 oci-validate --fast oci:tags:1
assert_match "^index.json several manifests with the tag '1'$" out

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

# Each refused entry has a line; of very many, the first, and the number of the others.
python3 - <<'END'
import tarfile
for name, paths in {"two": ["a/../../b", "ok", "c/.wh."], "many": ["../%d" % number for number in range(150)]}.items():
    with tarfile.open(name + ".tar", "w") as tar:
        for path in paths:
            tar.addfile(tarfile.TarInfo(path))
END
for name in two many; do
	oci-zstd <$name.tar | oci-push-blob oci:$name >line
	subject=$(field .digest line)
	oci-fetch scratch | oci-manifest-append line | oci-push-manifest oci:$name:1 >pushed
	expect 65 oci-validate oci:$name:1
	assert_message oci-validate
	assert_equal "$(grep -c "^$subject " out)" "$(wc -l <out)"
	oci-fetch --raw oci:$name:1 | oci-save --raw --from oci:$name --tag app:1 >refused.tar
	expect 65 oci-validate --archive <refused.tar
	cp out $name.out
done
assert_equal "$(wc -l <two.out)" 2
assert_match "'a/../../b'" two.out
assert_match "'c/.wh.'" two.out
assert_equal "$(wc -l <many.out)" 101
assert_match ' 50 more entries are refused$' many.out

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
assert_failed 69 oci-validate oci-validate oci:image:none
assert_failed 64 oci-validate oci-validate
# It ends the check, but the faults of the images before it are written.
expect 66 oci-validate --fast oci:cut oci:nowhere oci:missing
assert_match "^$layer 50 bytes, but " out
assert_equal 1 "$(wc -l <out)"
assert_message oci-validate
