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

# What people who make reproducible builds want ignored: times, order and history.
oci-tar one --mtime 300 | tar -xf - --one-top-level=shuffled
tar -cf - --format=gnu --owner=0 --group=0 --numeric-owner -C shuffled app/same app/mode app/changed --no-recursion app |
	oci-tar --from-tar - --mtime 300 | oci-zstd | oci-push-blob oci:image >shuffled.line
image 6 base.line shuffled.line
SOURCE_DATE_EPOCH=86400 oci-config --created 1970-01-02T00:00:00Z <6.json >7.json
expect 1 compare --files --ignore time 1.json 7.json
expect 0 compare --files --ignore time,order,history 1.json 7.json
assert_empty out

# What is refused.
assert_failed 64 oci-compare oci-compare - - <1.json
assert_failed 64 oci-compare oci-compare --ignore sizes 1.json 2.json
assert_failed 66 oci-compare oci-compare none 2.json
: >empty
assert_failed 65 oci-compare oci-compare empty 2.json
cat 1.json 2.json >both
assert_failed 65 oci-compare oci-compare both 2.json
assert_failed 69 oci-compare oci-compare --no-cache --from oci:nowhere --files 1.json 2.json
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
