# Layers that are stored already: oci-reuse, oci-push-blob --reuse, and builds that send no layer twice.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
make_dist
oci-tar dist --root-dir /app >app.tar
oci-zstd <app.tar >app.tar.zst
oci-digest <app.tar.zst >app.json
oci-digest <app.tar >plain.json
gzip -n <app.tar | oci-digest >gzip.json
oci-tar dist/lib | oci-zstd | oci-digest >other.json

# Of several layers of this tar, the first is printed, or the first of the type.
cat other.json gzip.json app.json >known
expect 0 oci-reuse known <app.tar
cmp out gzip.json
expect 0 oci-reuse --media-type application/vnd.oci.image.layer.v1.tar+zstd known <app.tar
cmp out app.json
expect 0 oci-reuse other.json plain.json <app.tar
cmp out plain.json
expect 1 oci-reuse --media-type application/vnd.oci.image.layer.v1.tar known <app.tar
assert_empty out
assert_empty err
expect 1 oci-reuse other.json <app.tar
assert_empty out
assert_empty err
# With no known layers the tar need not be read.
: >nothing
expect 1 oci-reuse nothing <app.tar
assert_empty err

# A truncated tar has no answer, not even no.
for count in 0 1 511 512 2000 "$(($(wc -c <app.tar) - 512))" "$(($(wc -c <app.tar) - 1))"; do
	head -c "$count" app.tar >cut.tar
	assert_failed 65 oci-reuse oci-reuse known <cut.tar
done
assert_failed 65 oci-reuse oci-reuse known <app.tar.zst
head -c 100 app.json >cut.json
assert_failed 65 oci-reuse oci-reuse cut.json <app.tar
assert_failed 66 oci-reuse oci-reuse missing.json <app.tar
assert_failed 64 oci-reuse oci-reuse --media-type text/plain known <app.tar
assert_failed 64 oci-reuse oci-reuse <app.tar

# oci-push-blob --reuse asks the place whether it has the blob.
here=$registry/reuse/here
expect 1 oci-push-blob --reuse "$here" <app.json
assert_empty out
assert_empty err
oci-push-blob "$here" <app.tar.zst | cmp - app.json
expect 0 oci-push-blob --reuse "$here" <app.json
cmp out app.json
jq -c '.size += 1' app.json >wrong.json
expect 1 oci-push-blob --reuse "$here" <wrong.json
# When oci-reuse found nothing, the answer stays no.
expect 1 oci-push-blob --reuse "$here" <nothing
assert_empty err
assert_failed 65 oci-push-blob oci-push-blob --reuse "$here" <cut.json
assert_failed 64 oci-push-blob oci-push-blob --reuse --size 3 "$here" <app.json
assert_failed 64 oci-push-blob oci-push-blob --from "$here" "$here" <app.json

# Blobs are mounted from another repository, and copied from another place.
before=$(blob_uploads)
expect 0 oci-push-blob --reuse --from "$here:1" "$registry/reuse/there" <app.json
assert_equal "$before" "$(blob_uploads)" 'blob bytes sent'
expect 0 oci-push-blob --reuse "$registry/reuse/there" <app.json
expect 0 oci-push-blob --reuse --from "$here" oci:layout <app.json
assert_equal "$(field .digest app.json)" "$(digest_of "layout/blobs/sha256/$(field '.digest[7:]' app.json)")"
expect 0 oci-push-blob --reuse --from oci:layout oci:linked <app.json
expect 1 oci-push-blob --reuse --from oci:linked "$registry/reuse/other" <other.json
assert_equal 0 "$(upload_sessions)"

# Several places: a blob that one place has is copied to the others; a blob that none has is copied to none.
first_log=$registry_log first_storage=$storage
start_registry plain
second=$registry second_log=$registry_log
registry=${here%%/*} registry_log=$first_log storage=$first_storage
for places in "$here $second/reuse/a oci:several" "$second/reuse/b oci:several2 $here"; do
	# shellcheck disable=SC2086 # words
	expect 0 oci-push-blob --reuse $places <app.json
	cmp out app.json
	assert_empty err
done
for place in "$second/reuse/a" "$second/reuse/b" oci:several oci:several2; do
	oci-fetch --blob "$place@$(field .digest app.json)" | cmp - app.tar.zst
done
expect 1 oci-push-blob --reuse "$here" "$second/reuse/a" <other.json
assert_empty out
assert_empty err
expect 1 oci-push-blob --reuse --from oci:linked "$here" "$second/reuse/a" <other.json
assert_empty err
expect 0 oci-push-blob --reuse --from oci:linked "$second/reuse/c" "$second/reuse/d" <app.json
# Into the repositories a, b and c; d mounted it from c.
assert_equal 3 "$(grep -c '"PATCH /v2/\|"PUT /v2/[^ ]*/blobs' "$second_log")" 'copies into the second registry'
dead=127.0.0.1:$(free_port)
assert_failed 69 oci-push-blob oci-push-blob --reuse --retries 0 "$here" "$dead/a" "$second/reuse/e" <app.json
assert_match "^oci-push-blob: 1 of 3 places did not get the blob: '$dead/a': cannot reach" err

build() {
	expect 0 ocinoco build "$@" --from scratch --push --root-dir /app --cmd '["/app"]'
	assert_empty err
}
build_layer() {
	expect 0 ocinoco build "$@" --from scratch --push
	assert_empty err
}
image=$registry/reuse/image:1

# With no known layers none is looked for; a warning is printed once, however often the tree is read.
mkdir warned
echo kept >warned/file
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("warned/socket")'
for change in new same other; do
	[ "$change" != other ] || echo changed >warned/file
	expect 0 ocinoco build warned --from scratch --tag "$registry/reuse/warned:1" --push
	assert_equal 1 "$(grep -c . err)" "warnings of a build that is $change"
	assert_match "^oci-tar: warning: .*socket" err
done
expect 0 ocinoco build dist --from scratch --tag "$registry/reuse/unknown:1" --push -v
! grep -q '^ocinoco: oci-reuse' err || fail 'looks for layers of an image that is not there'
expect 0 ocinoco build dist --from scratch --tag "$registry/reuse/unknown:1" --push -v
assert_match '^ocinoco: oci-reuse ' err

# An unchanged build sends no byte of a layer, whichever user runs it, and makes the same image.
build dist --tag "$image"
cp out first
before=$(blob_uploads)
build dist --tag "$image"
cmp out first
assert_equal "$before" "$(blob_uploads)" 'blob bytes sent again'
expect 0 ocinoco build dist --from scratch --push --root-dir /app --cmd '["/app"]' --tag "$image" -n
cp out script
expect 0 sh script
cmp out first
assert_equal "$before" "$(blob_uploads)" 'blob bytes sent by the script'
echo more >dist/more
build dist --tag "$image"
! cmp -s out first || fail 'a change went unnoticed'
rm dist/more
build dist --tag "$image" --reuse no
cmp out first

# Under another name, in another repository.
before=$(blob_uploads)
build dist --tag "$registry/reuse/moved:1" --reuse "$image"
cmp out first
assert_equal "$((before + 1))" "$(blob_uploads)" 'the config alone is sent'
expect 69 ocinoco build dist --from scratch --tag "$image" --push --reuse "$registry/reuse/image:none"
assert_empty out

# A layer in another compression is made anew.
layer_type() {
	field '.layers[-1].mediaType' "$(blob_file "$(field .digest "$1")")"
}
build dist --tag "$image" --compress gzip
assert_equal application/vnd.oci.image.layer.v1.tar+gzip "$(layer_type out)"
before=$(blob_uploads)
build dist --tag "$image" --compress gzip
assert_equal "$before" "$(blob_uploads)" 'gzip, reused'
build dist --tag "$image" --compress none
assert_equal application/vnd.oci.image.layer.v1.tar "$(layer_type out)"
build dist --tag "$image" --compress 'gzip -1'
assert_equal application/vnd.oci.image.layer.v1.tar+gzip "$(layer_type out)"
assert_failed 64 ocinoco ocinoco build dist --from scratch --tag x --compress 'gzip -1' --reuse "$image"

# zstd:chunked, which has the media type of plain zstd.
build dist --tag "$image" --compress zstd
before=$(blob_uploads)
build dist --tag "$image" --compress zstd:chunked
oci-fetch "$image" | oci-layers >chunked.json
assert_equal "$((before + 1))" "$(blob_uploads)" 'a layer of zstd is none of zstd:chunked'
cp out chunked
before=$(blob_uploads)
build dist --tag "$image" --compress zstd:chunked
cmp out chunked
assert_equal "$before" "$(blob_uploads)" 'zstd:chunked, reused'
oci-tar dist --root-dir /app | oci-reuse --chunked app.json chunked.json | cmp - chunked.json
expect 1 oci-reuse --chunked app.json <app.tar
build dist --tag "$image" --compress gzip

# Two registries, one of which lost the layer: it is copied from the other, and nothing is compressed.
expect 0 ocinoco build dist --from scratch --tag "$registry/reuse/two:1" --tag "$second/reuse/two:1" --push
oci-fetch --digest "$second/reuse/two:1" >two.digest
oci-fetch "$registry/reuse/two:1" | oci-layers >two.json
layer=$(field .digest two.json)
curl -sf -X DELETE "http://$second/v2/reuse/two/blobs/$layer"
mkdir no-zstd
printf '#!/bin/sh\nexit 70\n' >no-zstd/oci-zstd
chmod +x no-zstd/oci-zstd
cp "$(readlink -f "$(command -v ocinoco)")" no-zstd/ocinoco
expect 0 env PATH="$PWD/no-zstd:$PATH" no-zstd/ocinoco build dist --from scratch --tag "$registry/reuse/two:1" \
	--tag "$second/reuse/two:1" --push
assert_empty err
oci-fetch --digest "$second/reuse/two:1" | cmp - two.digest
oci-fetch --blob "$second/reuse/two@$layer" | oci-digest | cmp - two.json
# The second registry has it, the first does not.
curl -sf -X DELETE "http://$registry/v2/reuse/two/blobs/$layer"
expect 0 env PATH="$PWD/no-zstd:$PATH" no-zstd/ocinoco build dist --from scratch --tag "$registry/reuse/two:1" \
	--tag "$second/reuse/two:1" --push
oci-fetch --blob "$registry/reuse/two@$layer" | oci-digest | cmp - two.json

# An image of other tools, with Docker's types: umoci made it, skopeo converted it.
tar -cf foreign.tar dist
umoci init --layout foreign
umoci new --image foreign:1
umoci raw add-layer --image foreign:1 foreign.tar >umoci.log
skopeo_copy --format v2s2 oci:foreign:1 "docker://$registry/reuse/docker:1"
oci-fetch "$registry/reuse/docker:1" | oci-layers >known
oci-fetch "$registry/reuse/docker:1" >known.image
expect 0 oci-reuse known <foreign.tar
assert_equal application/vnd.oci.image.layer.v1.tar+gzip "$(field .mediaType out)"
cp out line
expect 0 oci-reuse known.image <foreign.tar
cmp out line
before=$(blob_uploads)
build_layer foreign.tar --tag "$registry/reuse/docker:1" --compress gzip
assert_equal "$((before + 1))" "$(blob_uploads)" 'the config alone is sent'
assert_equal application/vnd.oci.image.layer.v1.tar+gzip "$(layer_type out)"
# An artifact or an index under the name has no layers to reuse.
echo text | oci-push-blob "$registry/reuse/artifact" --media-type text/plain |
	oci-artifact --type a/b | oci-push-manifest "$registry/reuse/artifact:1" >artifact.json
build dist --tag "$registry/reuse/artifact:1"

# The same tar twice in an image, compressed differently.
oci-push-blob "$registry/reuse/twice" <app.tar >one
gzip -n <app.tar | oci-push-blob "$registry/reuse/twice" >two
oci-fetch scratch | oci-manifest-append one two one | oci-push-manifest "$registry/reuse/twice:1" >twice.json
build_layer app.tar --tag "$registry/reuse/twice:1" --compress gzip
assert_equal "$(field .digest two)" "$(field '.layers[-1].digest' "$(blob_file "$(field .digest out)")")"

# The known layer is deleted: it is made again.
build dist --tag "$image"
cp out first
layer=$(field '.layers[-1].digest' "$(blob_file "$(field .digest out)")")
curl -sf -X DELETE "http://$registry/v2/reuse/image/blobs/$layer"
build dist --tag "$image"
cmp out first
expect 0 oci-fetch --blob "$registry/reuse/image@$layer"
# The layer is deleted after the answer: no tag moves. The next build makes it.
mkdir late
cat >late/oci-push-blob <<END
#!/bin/sh
status=0
"$(command -v oci-push-blob)" "\$@" || status=\$?
case " \$* " in *' --reuse '*) curl -sf -X DELETE "http://$registry/v2/reuse/image/blobs/$layer" ;; esac
exit \$status
END
chmod +x late/oci-push-blob
tag=$(tag_digest reuse/image:1)
cp "$(readlink -f "$(command -v ocinoco)")" late/ocinoco
expect 69 env PATH="$PWD/late:$PATH" late/ocinoco build dist --from scratch --push --root-dir /app --tag "$image" --cmd '["/other"]'
assert_empty out
assert_equal "$tag" "$(tag_digest reuse/image:1)" 'the tag moved'
build dist --tag "$image"
cmp out first

# The tree changes after the first reading: the layer is made of the second.
mkdir changing
cat >changing/oci-reuse <<END
#!/bin/sh
cat >/dev/null
echo changed >"$PWD/dist/changed"
exit 1
END
chmod +x changing/oci-reuse
cp "$(readlink -f "$(command -v ocinoco)")" changing/ocinoco
expect 0 env PATH="$PWD/changing:$PATH" changing/ocinoco build dist --from scratch --push --root-dir /app --tag "$image" --cmd '["/app"]'
cp out changed
build dist --tag "$image" --reuse no
cmp out changed
rm dist/changed

# The platforms of an index: each has the layer, and any of them makes it known.
oci-fetch scratch --platform linux/amd64 >platforms
oci-fetch scratch --platform linux/arm64 >>platforms
oci-push-manifest "$registry/reuse/base:1" <platforms >base.json
for round in first again; do
	before=$(blob_uploads)
	expect 0 ocinoco build dist --from "$registry/reuse/base:1" --root-dir /app --platform all --tag "$registry/reuse/all:1" --push
	assert_empty err
	cp out "$round"
done
cmp first again
assert_equal "$before" "$(blob_uploads)" 'blob bytes sent again for several platforms'

# The stage that looks for the layer is killed: no tag moves, and the message names the stage.
mkdir killed
printf '#!/bin/sh\nkill -TERM $$\n' >killed/oci-reuse
chmod +x killed/oci-reuse
cp "$(readlink -f "$(command -v ocinoco)")" killed/ocinoco
tag=$(tag_digest reuse/image:1)
expect 143 env PATH="$PWD/killed:$PATH" killed/ocinoco build dist --from scratch --push --tag "$image" --cmd '["/killed"]'
assert_empty out
assert_match '^ocinoco: oci-reuse failed with status 143$' err
assert_equal "$tag" "$(tag_digest reuse/image:1)" 'the tag moved'

# A tar on stdin is read once, and so is a list from a pipe.
oci-tar dist | expect 0 ocinoco build - --from scratch --tag "$image" --push
mkfifo list
find dist -type f | sed 's,^dist/,,' >list &
expect 0 ocinoco build dist --files-from list --from scratch --tag "$image" --push

# A stage that fails during the search for a known layer ends the build.
build dist --tag "$image"
chmod 000 dist/server.js
if [ "$(id -u)" -ne 0 ]; then expect 66 ocinoco build dist --from scratch --tag "$image" --push; fi
chmod 644 dist/server.js
assert_failed 66 oci-tar ocinoco build missing --from scratch --tag "$image" --push -q 2>/dev/null ||
	expect 66 ocinoco build missing --from scratch --tag "$image" --push
assert_equal 0 "$(upload_sessions)"
assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
