# Many processes write one layout, and some are killed at any moment: what was confirmed is there, and the layout stays
# valid for all.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
oci-tar dist | gzip -n >layer.gz
oci-fetch scratch --platform linux/amd64 | oci-config --created 2024-01-02T03:04:05Z >scratch.line
head -c 3000000 /dev/urandom >random

# writer NUMBER: writes an image of its own; `done.NUMBER` lists the confirmed ones.
cat >writer <<'END'
set -eu
{
	cat random
	echo "$1"
} | oci-push-blob --media-type application/x-test oci:shared >"blob.$1"
oci-push-blob oci:shared <layer.gz >"layer.$1"
oci-config --label "number=$1" <scratch.line | oci-manifest-append "layer.$1" >"line.$1"
oci-push-manifest "oci:shared:tag$1" oci:shared:latest <"line.$1" >"pushed.$1"
mv "pushed.$1" "done.$1"
END

# The delays only vary where the processes are killed: the result must hold anywhere.
number=0 writers=
while [ "$number" -lt 40 ]; do
	number=$((number + 1))
	if [ $((number % 2)) -eq 0 ]; then
		sh writer "$number" 2>"err.$number" &
		writers="$writers $!"
	else
		# In a session of its own, so that its tools are killed with it.
		setsid sh writer "$number" 2>err.victim &
		victim=$!
		sleep "0.0$((number % 10))"
		kill -s KILL -- "-$victim" 2>/dev/null || :
		wait "$victim" 2>/dev/null || :
	fi
done
for writer in $writers; do
	wait "$writer" || fail "a writer that nobody killed: $(cat err.*)"
done

# Every confirmed image is there by tag and digest, with its blob.
confirmed=0
for file in done.*; do
	number=${file#done.}
	oci-fetch --raw "oci:shared:tag$number" >raw
	assert_equal "$(field .digest "$file")" "$(digest_of raw)" "$file"
	oci-fetch --blob oci:shared <"blob.$number" >blob
	assert_equal "$(field .digest "blob.$number")" "$(digest_of blob)" "$file"
	confirmed=$((confirmed + 1))
done
[ "$confirmed" -ge 20 ] || fail "only $confirmed were confirmed"
oci-fetch --tags oci:shared | sort >tags
assert_equal "$(uniq tags)" "$(cat tags)" 'a tag twice'
latest=$(oci-fetch --raw oci:shared:latest | sha256sum)
while read -r tag; do
	[ "$tag" = latest ] || oci-fetch --raw "oci:shared:$tag" | sha256sum
done <tags >digests
grep -qxF "$latest" digests || fail 'latest is of no writer'

# Other programs read every tag completely, and every blob matches its name.
for blob in shared/blobs/sha256/*; do
	assert_equal "sha256:${blob##*/}" "$(digest_of "$blob")"
done
while read -r tag; do
	skopeo_copy "oci:shared:$tag" "oci:copied:$tag"
done <tags
umoci list --layout shared | sort | diff tags -

# A leftover temporary file is ignored, and unused blobs can be collected.
for name in blobs/sha256/.0123.1.x.tmp .index.json.1.x.tmp; do echo cut >"shared/$name"; done
sh writer last
cp -r shared cleaned
find cleaned -name '.*.tmp' -delete
umoci gc --layout cleaned
echo taglast >>tags
while read -r tag; do
	oci-fetch "oci:shared:$tag" >line
	oci-fetch "oci:cleaned:$tag" >/dev/null
	field '.layers[0]' line | jq -c . | oci-fetch --blob oci:cleaned | cmp - layer.gz
done <tags
