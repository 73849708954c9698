# oci-compare: what it finds in documents, layers and files, what it reads for this, and what it can ignore.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# image TAG LAYER...: pushes an image of these layers, with its descriptor line in TAG.json.
image() {
	tag=$1
	shift
	oci-fetch scratch | oci-manifest-append "$@" | oci-config --env PATH=/bin --label a=1 >"$tag.json"
	oci-push-manifest "oci:image:$tag" <"$tag.json" >pushed
}

mkdir base base/etc
echo conf >base/etc/conf
seq 1 1000 >base/numbers
ln -s etc base/link
oci-tar base --mtime 100 | oci-zstd | oci-push-blob oci:image >base.line

mkdir one two
for tree in one two; do
	mkdir $tree/app
	echo same >$tree/app/same
	echo old >$tree/app/changed
	echo x >$tree/app/mode
done
chmod 755 two/app two/app/mode && chmod 700 one/app/mode && chmod 755 one/app
echo new >two/app/changed
oci-tar one --mtime 100 | oci-zstd | oci-push-blob oci:image >one.line
oci-tar two --mtime 200 | oci-zstd | oci-push-blob oci:image >two.line
image 1 base.line one.line
image 2 base.line two.line
compare() { oci-compare --from oci:image "$@"; }

# An image equals itself, and no layer is read.
expect 0 oci-compare --from oci:nowhere --files 1.json 1.json
assert_empty out
assert_empty err

expect 1 compare 1.json 2.json
assert_empty err
assert_equal "layer 2: $(field .digest one.line) | $(field .digest two.line)" "$(cat out)"

# The files that differ, and how; the base's layers are missing, and are not needed.
cp -r image without-base
rm "without-base/blobs/sha256/$(field '.digest | split(":")[1]' base.line)"
expect 1 oci-compare --no-cache --from oci:without-base --files --ignore time 1.json 2.json
sed 1d out >files
cat >expected <<'END'
'/app/changed': content, layers 2 | 2
'/app/mode': mode, layers 2 | 2
END
cmp expected files
expect 1 compare --files 1.json 2.json
cat >expected <<'END'
'/app': time, layers 2 | 2
'/app/changed': content, time, layers 2 | 2
'/app/mode': mode, time, layers 2 | 2
'/app/same': time, layers 2 | 2
END
sed 1d out | cmp expected -
expect 1 compare --files --json 1.json 2.json
jq -c 'select(.kind == "file" and .path == "app/changed")
	| [.change, .aspects, .first.layer, .first.size, (.first.sha256 | length), .second.type]' out >got
echo '["changed",["content","time"],2,4,64,"file"]' | cmp - got

# Files that only one image has. A file of the base that one image replaces by an equal file is no difference.
mkdir -p three/etc
echo conf >three/etc/conf
echo mine >three/extra
oci-tar three --mtime 100 --whiteout /link | oci-zstd | oci-push-blob oci:image >three.line
image 3 base.line three.line
image 0 base.line
expect 1 compare --files 0.json 3.json
sed '/^config/d; /^layer/d' out >files
cat >expected <<'END'
'/extra': only in the second, layer 2
'/link': only in the first, layer 1
END
cmp expected files
assert_match "^layer 2: - [|] $(field .digest three.line)$" out

# The same tar in another compression.
oci-tar base --mtime 100 | gzip -n | oci-push-blob oci:image >gzip.line
image gzip gzip.line
expect 1 compare --files 0.json gzip.json
assert_equal "layer 1: $(field .digest base.line) | $(field .digest gzip.line) (the same tar)" \
	"$(grep '^layer' out)"
! grep "^'" out || fail 'files of the same tar differ'

# Documents: variables by name, labels, history, annotations.
oci-config --env PATH=/usr/bin --env NEW=1 --label a=2 --label b=3 --cmd '["x"]' <0.json >4.json
expect 1 oci-compare 0.json 4.json
cat >expected <<'END'
config config.Cmd: - | ["x"]
config config.Env.NEW: - | "1"
config config.Env.PATH: "/bin" | "/usr/bin"
config config.Labels.a: "1" | "2"
config config.Labels.b: - | "3"
END
sort out | grep -v 'history' | diff expected -
jq -c '.annotations.k = "v"' 0.json >5.json
expect 1 oci-compare --json 0.json 5.json
echo '{"kind":"annotation","path":"k","change":"added","second":"v"}' | cmp - out

# Every field of the manifest and its descriptors, also unknown ones; each image is the same as itself.
differs() {
	jq -c "$1" 0.json >other.json
	expect 1 compare --files 0.json other.json
	assert_match "^$2$" out
	assert_equal 1 "$(wc -l <out)" "$(cat out)"
	expect 1 compare --files other.json 0.json
	expect 1 compare --files --json 0.json other.json
	jq -e '.kind | strings' out >kinds
	expect 0 compare --files other.json other.json
}
differs '.layers[0].annotations = {k: "v"}' 'manifest layers\[0\].annotations: - [|] {"k":"v"}'
differs '.layers[0].mediaType |= sub("[+]zstd"; "+gzip")' 'manifest layers\[0\].mediaType: ".*zstd" [|] ".*gzip"'
differs '.layers[0].urls = ["http://example.com/x"]' 'manifest layers\[0\].urls: - [|] \["http://example.com/x"\]'
differs '.layers[0].unknown = {a: [1]}' 'manifest layers\[0\].unknown: - [|] {"a":\[1\]}'
differs '.layers[0].size += 1' 'manifest layers\[0\].size: [0-9]* [|] [0-9]*'
differs '.layers[0].data = "eA=="' 'manifest layers\[0\].data: - [|] "eA=="'
differs '.config.annotations = {k: "v"}' 'manifest config.annotations: - [|] {"k":"v"}'
differs '.config.unknown = null' 'manifest config.unknown: - [|] null'
differs '.unknown = {history: ["x"]}' 'manifest unknown: - [|] {"history":\["x"\]}'
differs 'del(.mediaType)' 'manifest mediaType: ".*" [|] -'
differs '.annotations["ocinoco.mine"] = "x"' 'annotation ocinoco.mine: - [|] "x"'
differs '.artifactType = "a/b"' 'manifest artifactType: - [|] "a/b"'
differs 'to_entries | reverse | from_entries' 'manifest: the same values in other bytes'
differs '.layers[0] |= (to_entries | reverse | from_entries)' 'manifest: the same values in other bytes'

# config_with FILTER: 0.json with that config, on other.json.
config_with() {
	jq -j '.config.data | @base64d' 0.json | jq -cj "$1" >config
	jq -c --arg data "$(base64 -w 0 config)" --arg digest "$(digest_of config)" --argjson size "$(wc -c <config)" \
		'.config.data = $data | .config.digest = $digest | .config.size = $size' 0.json >other.json
}
config_with '.rootfs.unknown = 1'
expect 1 compare --files 0.json other.json
assert_equal 'config rootfs.unknown: - | 1' "$(cat out)"
config_with '.rootfs.diff_ids[0] = "sha256:'"$(printf %064d 0)"'"'
expect 1 compare 0.json other.json
assert_match '^config rootfs.diff_ids\[0\]: "sha256:[0-9a-f]*" [|] "sha256:0*"$' out
config_with 'to_entries | reverse | from_entries'
expect 1 compare 0.json other.json
assert_equal 'config: the same values in other bytes' "$(cat out)"

# Manifests as they are stored: fields that a push kept, and white space.
oci-push-manifest oci:image:raw <0.json >pushed
oci-fetch --raw oci:image:raw | jq -cj '.layers[0].annotations = {k: "v"}' | oci-push-manifest --raw oci:image:raw-1 >pushed
oci-fetch --raw oci:image:raw | jq . | oci-push-manifest --raw oci:image:raw-2 >pushed
expect 1 ocinoco compare oci:image:raw oci:image:raw-1
assert_equal 'manifest layers[0].annotations: - | {"k":"v"}' "$(cat out)"
expect 1 ocinoco compare oci:image:raw oci:image:raw-2
assert_equal 'manifest: the same values in other bytes' "$(cat out)"
expect 0 ocinoco compare oci:image:raw-2 oci:image:raw-2

# Uncompressed layers are their own diffID, whatever a config states.
oci-tar one --mtime 100 | oci-push-blob oci:image >plain-1.line
oci-tar two --mtime 100 | oci-push-blob oci:image >plain-2.line
image plain-1 plain-1.line
image plain-2 plain-2.line
jq -c --slurpfile first plain-1.json '.config = $first[0].config' plain-2.json >lie.json
expect 1 compare plain-1.json lie.json
assert_equal "layer 1: $(field .digest plain-1.line) | $(field .digest plain-2.line)" "$(cat out)"
assert_failed 65 oci-compare compare --files plain-1.json lie.json
oci-tar one --mtime 100 | gzip -n | oci-push-blob oci:image >plain-gzip.line
image plain-gzip plain-gzip.line
expect 1 compare --files plain-1.json plain-gzip.json
assert_match '^layer 1: .* [(]the same tar[)]$' out

# What people who make reproducible builds want ignored: times, order and history.
oci-tar one --mtime 300 | tar -xf - --one-top-level=shuffled
tar -cf - --format=gnu --owner=0 --group=0 --numeric-owner -C shuffled app/same app/mode app/changed --no-recursion app |
	oci-tar --from-tar - --mtime 300 | oci-zstd | oci-push-blob oci:image >shuffled.line
image 6 base.line shuffled.line
SOURCE_DATE_EPOCH=86400 oci-config --created 1970-01-02T00:00:00Z <6.json >7.json
expect 1 compare --files --ignore time 1.json 7.json
expect 0 compare --files --ignore time,order,history 1.json 7.json
assert_empty out

# The order is ignored where it means nothing: not of variables with one name, entries of one path, links and what they
# link to, whiteouts, and entries behind links. The differences of files that follow from the layers below are found
# too, and values of files show what differs.
python3 - <<'END'
import io, tarfile

def layer(name, *entries):
    with tarfile.open(name + ".tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for path, value in entries:
            info = tarfile.TarInfo(path.rstrip("/"))
            info.mode = 0o755 if path.endswith("/") else 0o644
            if isinstance(value, tuple):
                info.type, info.linkname = value
            elif isinstance(value, dict):
                info.pax_headers, value = value, "x"
            elif path.endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, value or 0o755
            data = value.encode() if isinstance(value, str) else b""
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

def orders(name, *entries):
    layer(name + "-1", *entries)
    layer(name + "-2", *reversed(entries))

hard, soft = (lambda target: (tarfile.LNKTYPE, target)), (lambda target: (tarfile.SYMTYPE, target))
layer("low", ("d/", 0o711), ("d/x", "1"), ("r/", 0), ("r/y", "2"), ("k", soft("d")))
orders("free", ("q/", 0), ("q/a", "a"), ("q/b", "b"), ("d/.wh.x", ""))
orders("twice", ("f", "1"), ("f", "2"))
orders("hard", ("d/x", "new"), ("n", hard("d/x")))
orders("gone", ("n", hard("d/x")), ("d/.wh.x", ""))
orders("spared", (".wh.d", ""), ("d/n", "n"))
orders("behind", ("k/", 0), ("k/n", "n"))
layer("dir", ("d/", 0))
layer("file", ("d", "file"))
layer("link", ("d", soft("r")))
layer("to-d", ("k", soft("d")), ("k/n", "1"))
layer("to-r", ("k", soft("r")), ("k/n", "1"))
layer("n-x", ("n", hard("d/x")))
layer("n-y", ("n", hard("r/y")))
layer("root", ("./", 0o700), ("f", "x"))
layer("no-root", ("f", "x"))
layer("time-1", ("f", {"mtime": "1.5", "SCHILY.xattr.user.a": "b"}))
layer("time-2", ("f", {"mtime": "1.6", "SCHILY.xattr.user.a": "c"}))
END
for tar in low free-1 free-2 twice-1 twice-2 hard-1 hard-2 gone-1 gone-2 spared-1 spared-2 behind-1 behind-2 dir file link \
	to-d to-r n-x n-y root no-root time-1 time-2; do
	oci-push-blob oci:image <$tar.tar >$tar.line
done
# pair A B OPTION...: compares two layers, each on the layer `low`.
pair() {
	image left low.line "$1.line"
	image right low.line "$2.line"
	shift 2
	status=0
	compare "$@" left.json right.json >out || status=$?
}
pair free-1 free-2 --ignore order
assert_equal 0 $status "$(cat out)"
assert_empty out
for layer in twice hard gone spared behind; do
	pair $layer-1 $layer-2 --ignore order
	assert_equal 1 $status "the order of $layer"
	assert_match '^layer 2: ' out
done
oci-config --env A=1 --env B=2 <0.json >ab.json
oci-config --env B=2 --env A=1 <0.json >ba.json
expect 1 oci-compare ab.json ba.json
expect 0 oci-compare --ignore order ab.json ba.json
config_with '.config.Env = ["A=1", "A=2", "B"]'
mv other.json one.json
config_with '.config.Env = ["B=", "A=2", "A=1"]'
expect 1 oci-compare --ignore order one.json other.json
cat >expected <<'END'
config config.Env.A: ["1","2"] | ["2","1"]
config config.Env.B: null | ""
END
cmp expected out
# Also when only one image has variables, labels or a history at all.
config_with '.config.Env = ["A=1", "B=2"] | .config.Labels = {a: "b"} | .history = [{comment: "c"}]'
mv other.json one.json
config_with 'del(.config.Env, .config.Labels, .history)'
expect 1 oci-compare one.json other.json
sort out >sorted
sort <<'END' | diff - sorted
config config.Env.A: "1" | -
config config.Env.B: "2" | -
config config.Labels.a: "b" | -
config history[0]: {"comment":"c"} | -
END

# files A B EXPECTED: the lines of files.
files() {
	pair "$1" "$2" --files
	assert_equal 1 $status
	sed '/^layer/d' out >got
	printf '%s\n' "$3" | diff - got || fail "$1 and $2"
}
files dir file "'/d': type, layers 2 | 2
'/d/x': only in the first, layer 1"
files dir link "'/d': type, layers 2 | 2
'/d/x': only in the first, layer 1"
files to-d to-r "'/d/n': only in the first, layer 2
'/k': link, layers 2 | 2
'/r/n': only in the second, layer 2"
files n-x n-y "'/d/x': names, layers 1 | 1
'/n': content, layers 2 | 2
'/r/y': names, layers 1 | 1"
files root no-root "'/': mode, time, layers 2 | 0"
pair time-1 time-2 --files --json
jq -c 'select(.kind == "file") | [.aspects, .first.time, .second.time, .first.xattrs, .second.xattrs]' out >got
echo '[["time","xattr"],1.5,1.6,{"user.a":"Yg=="},{"user.a":"Yw=="}]' | cmp - got

# What is refused.
assert_failed 64 oci-compare oci-compare - - <1.json
assert_failed 64 oci-compare oci-compare --ignore sizes 1.json 2.json
assert_failed 66 oci-compare oci-compare none 2.json
: >empty
assert_failed 65 oci-compare oci-compare empty 2.json
cat 1.json 2.json >both
assert_failed 65 oci-compare oci-compare both 2.json
assert_failed 66 oci-compare oci-compare --no-cache --from oci:nowhere --files 1.json 2.json
assert_match "^oci-compare: layer 2 '$(field .digest one.line)' is not in 'oci:nowhere'; cannot open 'nowhere': " err
oci-push-blob oci:other <low.tar >line
assert_failed 69 oci-compare oci-compare --no-cache --from oci:other --files 1.json 2.json
if [ -e /dev/full ]; then
	expect 74 sh -c 'oci-compare 0.json 4.json >/dev/full'
	assert_message oci-compare
fi

# From a registry, only the layers that differ are fetched.
start_registry plain
for tag in 1 2; do ocinoco copy "oci:image:$tag" "$registry/example/app:$tag" >copied; done
oci-fetch "$registry/example/app:1" >1.json
oci-fetch "$registry/example/app:2" >2.json
expect 1 oci-compare --no-cache --from "$registry/example/app" --files 1.json 2.json
! grep "GET.*$(field .digest base.line)" "$registry_log" || fail 'the base was read'
grep -q "GET.*$(field .digest two.line)" "$registry_log" || fail 'the layer was not read'

# A layer that both images have above the differing ones is read once.
mkdir -p top
echo top >top/file
oci-tar top --root-dir /top | oci-zstd | oci-push-blob oci:image >top.line
image 8 base.line two.line top.line
image 9 base.line shuffled.line top.line
for tag in 8 9; do
	ocinoco copy "oci:image:$tag" "$registry/example/app:$tag" >copied
	oci-fetch "$registry/example/app:$tag" >"$tag.json"
done
expect 1 oci-compare --no-cache --from "$registry/example/app" --files 8.json 9.json
assert_equal 1 "$(grep "\"GET /v2/.*$(field .digest top.line)" "$registry_log" | grep -c '^127')" \
	'requests for a layer of both'
