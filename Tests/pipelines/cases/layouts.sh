# Image layouts are read and written like repositories, by several processes at once, and by other programs.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
base=$registry/example/base:latest
oci-fetch "$base" >line

# No temporary file is left in a layout, and every blob matches its name.
assert_clean() {
	assert_equal '' "$(find "$1" -name '.*' ! -path "$1")" 'temporary files'
	for blob in "$1"/blobs/sha256/*; do
		assert_equal "sha256:${blob##*/}" "$(digest_of "$blob")"
	done
}

# Twenty processes create one layout and write to it: no write is lost.
writers=
number=0
while [ "$number" -lt 20 ]; do
	number=$((number + 1))
	{
		echo "$number" | oci-push-blob oci:shared >"blob.$number" &&
			oci-push-manifest "oci:shared:tag$number" <line &&
			oci-config --label "writer=$number" <line | oci-push-manifest oci:shared:last
	} >"out.$number" 2>"err.$number" &
	writers="$writers $!"
done
for writer in $writers; do
	wait "$writer" || fail "a writer: $(cat err.*)"
done
oci-fetch --tags oci:shared | sort >tags
{
	seq -f 'tag%g' 20
	echo last
} | sort | diff - tags
assert_clean shared
assert_equal 5 "$(find shared -maxdepth 2 | wc -l)" 'the directory, oci-layout, index.json, blobs, sha256'
cat blob.* | while IFS= read -r descriptor; do
	echo "$descriptor" | oci-fetch --blob oci:shared >blob
	assert_equal "$(echo "$descriptor" | jq -r .digest)" "$(digest_of blob)"
done
digest=$(oci-fetch --raw oci:shared:last | sha256sum | cut -d ' ' -f 1)
grep -q "sha256:$digest" out.* || fail 'the last tag is of no writer'

# Other programs read it, and what they wrote stays.
umoci stat --image shared:tag7 >/dev/null
skopeo_copy oci:shared:tag7 oci:copied:tag
unpack_layout copied root
mkdir other
jq -c '.x = 1e3 | .manifests += [{"mediaType":"a/b","digest":"md5:0","size":1.0,"y":["\u0041"]}]' \
	copied/index.json | tr -d '\n' >index.json
cp index.json copied/index.json
oci-push-manifest oci:copied:tag <line >pushed
jq -c "[.x, .manifests[1], .manifests[0].digest] == [1e3, $(jq -c '.manifests[1]' index.json), $(jq .digest pushed)]" \
	copied/index.json | grep -qx true || fail "$(cat copied/index.json)"
umoci init --layout umoci
umoci new --image umoci:empty
oci-fetch oci:umoci:empty | oci-push-manifest oci:umoci:again >/dev/null
assert_equal 2 "$(umoci list --layout umoci | wc -l)"
umoci gc --layout umoci
assert_clean umoci

# Between layouts a blob is linked instead of copied, if both are equally readable.
oci-fetch oci:shared:tag1 | oci-push-manifest oci:linked:tag >/dev/null
layer=$(field '.layers[0].digest | split(":")[1]' line)
assert_equal "$(stat -c %i "shared/blobs/sha256/$layer")" "$(stat -c %i "linked/blobs/sha256/$layer")"
chmod 600 "shared/blobs/sha256/$layer"
oci-fetch oci:shared:tag1 | oci-push-manifest oci:unlinked:tag >/dev/null
assert_equal 644 "$(umask 022 && stat -c %a "unlinked/blobs/sha256/$layer")"
assert_clean unlinked

# Digests are kept through a layout and back.
oci-fetch --raw "$base" | oci-push-manifest --from "$base" oci:mirror:base "$registry/mirror:base" >pushed
assert_equal "$(tag_digest example/base:latest)" "$(tag_digest mirror:base)"
oci-fetch --raw oci:mirror:base | oci-push-manifest --from oci:mirror "$registry/mirror:back" | cmp - pushed
assert_equal "$(tag_digest example/base:latest)" "$(tag_digest mirror:back)"

# A single image needs no tag, several do.
oci-fetch oci:mirror | cmp - <<END || fail 'without a tag'
$(oci-fetch oci:mirror:base | sed 's|oci:mirror:base|oci:mirror|')
END
oci-config --label a=b <line | oci-push-manifest oci:mirror:other >/dev/null
assert_failed 64 oci-fetch oci-fetch oci:mirror
assert_match "'base', 'other'" err
assert_failed 69 oci-fetch oci-fetch oci:mirror:third
assert_match "'base', 'other'" err
assert_failed 66 oci-fetch oci-fetch oci:missing
assert_failed 65 oci-fetch oci-fetch oci:other

# What is not a layout is neither read nor written.
: >other/file
assert_failed 65 oci-fetch oci-fetch oci:other:tag
assert_failed 73 oci-push-blob oci-push-blob oci:other <line
assert_failed 73 oci-push-manifest oci-push-manifest oci:other:tag <line
assert_equal file "$(ls other)"
assert_failed 66 oci-fetch oci-fetch oci:line:tag

# A blob that does not match its name is not copied.
cp -r mirror corrupt
rm "corrupt/blobs/sha256/$layer"
head -c "$(field '.layers[0].size' line)" /dev/zero >"corrupt/blobs/sha256/$layer"
for target in oci:target:tag "$registry/target:tag"; do
	oci-fetch --raw oci:corrupt:base >raw
	assert_failed 65 oci-push-manifest oci-push-manifest --from oci:corrupt "$target" <raw
done
assert_equal '' "$(oci-fetch --tags oci:target)"
assert_equal '' "$(tag_digest target:tag)"
[ ! -e "target/blobs/sha256/$layer" ] || fail 'a corrupt blob was stored'
assert_equal 0 "$(upload_sessions)"
rm "corrupt/blobs/sha256/$layer"
assert_failed 69 oci-push-manifest oci-push-manifest --from oci:corrupt oci:target:tag <raw
assert_match "layer 1 of 1 of the image '[^']*' is neither in 'oci:target' nor in 'oci:corrupt'" err
assert_equal '' "$(oci-fetch --tags oci:target)"

# Killed in the middle of a blob, by any signal: no part of it is left.
mkfifo pipe
for signal in TERM HUP KILL; do
	oci-push-blob --media-type application/octet-stream oci:killed <pipe >out 2>err &
	writer=$!
	exec 9>pipe
	head -c 3000000 /dev/zero >&9
	until [ -d killed/blobs/sha256 ]; do sleep 0.01; done
	kill -s "$signal" "$writer"
	status=0
	wait "$writer" || status=$?
	exec 9>&-
	[ "$status" -gt 128 ] || fail "status $status after SIG$signal"
	assert_empty out
	assert_equal '' "$(find killed/blobs -type f)" "after SIG$signal"
done
