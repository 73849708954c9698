# oci-push-blob: pipes and files, blobs that exist, declared digests and sizes, and input that does not end well.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
make_dist
place=$registry/app
octets=application/octet-stream
head -c 40000000 /dev/urandom >random

requests() {
	grep -c "\"$1 /v2/$2" "$registry_log" || :
}

# From a pipe and from a file, to a registry and to a layout: the same descriptor.
oci-push-blob --media-type "$octets" "$place" <random >file.json
# shellcheck disable=SC2002 # a pipe is what is meant
cat random | oci-push-blob --media-type "$octets" "$registry/piped" >pipe.json
# shellcheck disable=SC2002
cat random | oci-push-blob --media-type "$octets" oci:layout | cmp - file.json
oci-push-blob --media-type "$octets" oci:layout:tag <random | cmp - file.json
cmp file.json pipe.json
assert_equal "{\"mediaType\":\"$octets\",\"digest\":\"$(digest_of random)\",\"size\":40000000}" "$(cat file.json)"
assert_equal 0 "$(upload_sessions)"

# A file that exists in the registry is not sent; a file is read from stdin's position.
posts=$(requests POST app/)
oci-push-blob --media-type "$octets" "$place" <random | cmp - file.json
assert_equal "$posts" "$(requests POST app/)" 'uploads'
{
	dd bs=1000 count=1 of=/dev/null 2>dd.log
	oci-push-blob --media-type "$octets" "$place"
} <random >rest.json
tail -c +1001 random >rest
assert_equal "$(digest_of rest)" "$(field .digest rest.json)"

# Another repository of the registry has the blob.
oci-push-blob --media-type "$octets" --mount missing --mount app "$registry/mounted" <random | cmp - file.json
oci-push-blob --media-type "$octets" --mount "$place" "$registry/mounted2" <random | cmp - file.json
assert_equal 00 "$(requests PUT mounted)$(requests PATCH mounted)" 'uploads'
assert_equal 0 "$(upload_sessions)"

# A layer's media type is recognized; its diffID is that of the tar.
oci-tar dist >layer.tar
oci-zstd <layer.tar >layer.zst
gzip -n <layer.tar >layer.gz
for suffix in tar zst gz; do
	for target in "$place" oci:layout; do
		oci-push-blob "$target" <"layer.$suffix" >layer.json
		oci-digest <"layer.$suffix" | cmp - layer.json
		# shellcheck disable=SC2002
		cat "layer.$suffix" | oci-push-blob --verify-layer "$target" | cmp - layer.json
		assert_equal "$(digest_of layer.tar)" "$(field '.annotations["containerd.io/uncompressed"]' layer.json)"
	done
done

# The declared digest and size must match.
digest=$(digest_of random)
for target in "$registry/announced" oci:announced; do
	# shellcheck disable=SC2002
	cat random | oci-push-blob --media-type "$octets" --digest "$digest" --size 40000000 "$target" | cmp - file.json
	# Input is read to its end even if the blob exists: only the end proves it.
	# shellcheck disable=SC2002
	cat random | oci-push-blob --media-type "$octets" --digest "$digest" --size 40000000 "$target" | cmp - file.json
	head -c 39999999 random >cut.bytes
	for options in "--digest $digest" '--size 40000000' "--digest $digest --size 40000000"; do
		# shellcheck disable=SC2086
		assert_failed 65 oci-push-blob oci-push-blob --media-type "$octets" $options "$target" <cut.bytes
		mkfifo pipe
		cat cut.bytes >pipe &
		# shellcheck disable=SC2086
		assert_failed 65 oci-push-blob oci-push-blob --media-type "$octets" $options "$target" <pipe
		rm pipe
	done
	assert_failed 65 oci-push-blob oci-push-blob --size 10 "$target" <random
done
assert_equal 0 "$(upload_sessions)"

# Empty input is what a failed stage leaves, so it is refused unless it was declared.
for target in "$registry/empty" oci:empty; do
	assert_failed 65 oci-push-blob oci-push-blob "$target" </dev/null
	: | oci-push-blob --size 0 "$target" >empty.json
	assert_equal 0 "$(field .size empty.json)"
	oci-fetch --blob "$target" <empty.json >out
	assert_empty out
	printf '{}' | oci-push-blob --media-type application/vnd.oci.empty.v1+json "$target" >empty.json
	assert_equal '{}' "$(oci-fetch --blob "$target" <empty.json)"
done

# A truncated layer is not stored.
for suffix in tar zst gz; do
	size=$(wc -c <"layer.$suffix")
	for count in 1 1000 $((size / 2)) $((size - 1)); do
		head -c "$count" "layer.$suffix" >cut.bytes
		for target in "$registry/cut" oci:cut; do
			if [ "$count" -gt 600 ]; then assert_failed 65 oci-push-blob oci-push-blob "$target" <cut.bytes; fi
		done
	done
done
[ ! -d "$storage/docker/registry/v2/repositories/cut/_layers" ] || fail 'a cut layer was stored'
assert_equal '' "$(find cut -type f -path '*/blobs/*' 2>/dev/null)"
assert_equal 0 "$(upload_sessions)"

# A tag is ignored; a digest in the reference is an error.
oci-push-blob --media-type "$octets" "$place:tag" <random | cmp - file.json
assert_equal '' "$(tag_digest app:tag)"
assert_failed 64 oci-push-blob oci-push-blob "$place@$digest" <random
assert_failed 64 oci-push-blob oci-push-blob scratch <random
for arguments in '' "--size -1 $place" "--digest sha256:0 $place" "--media-type= $place"; do
	# shellcheck disable=SC2086
	assert_failed 64 oci-push-blob oci-push-blob $arguments <random
done
assert_failed 69 oci-push-blob oci-push-blob --retries 0 127.0.0.1:1/x <random
status=0
oci-push-blob --media-type "$octets" "$place" <random >/dev/full 2>err || status=$?
assert_equal 74 "$status"
assert_message oci-push-blob
assert_failed 74 oci-push-blob oci-push-blob "$place" <dist
