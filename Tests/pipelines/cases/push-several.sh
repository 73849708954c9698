# oci-push-blob to several places: the input is read once, one line is printed, and failures are named.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
first=$registry first_log=$registry_log first_storage=$storage
start_registry plain
second=$registry
octets=application/octet-stream
head -c 50000000 /dev/urandom >random
head -c 3000000 /dev/urandom >small

for file in random small; do
	digest=$(digest_of "$file")
	echo "{\"mediaType\":\"$octets\",\"digest\":\"$digest\",\"size\":$(wc -c <"$file")}" >expected
	# A pipe and a file; two registries, two repositories of one, and a layout. Tags are ignored.
	for stdin in pipe file; do
		set -- "$first/$stdin:1" "$first/$stdin:2" "$first/$stdin-too" "$second/$stdin" "oci:$stdin.layout"
		if [ "$stdin" = pipe ]; then
			# shellcheck disable=SC2002 # a pipe is what is meant
			cat "$file" | oci-push-blob --media-type "$octets" "$@" | cmp - expected
		else
			expect 0 oci-push-blob --media-type "$octets" "$@" <"$file"
			cmp out expected
			assert_empty err
		fi
		for place in "$first/$stdin" "$first/$stdin-too" "$second/$stdin" "oci:$stdin.layout"; do
			oci-fetch --blob "$place@$digest" | cmp - "$file"
		done
	done
done

# Several names of one repository are one upload.
assert_equal 4 "$(grep -c '"POST /v2/pipe/\|"POST /v2/file/' "$first_log")" 'uploads'

# A place that fails does not stop the others; message and status report it.
dead=127.0.0.1:$(free_port)
head -c 40000000 /dev/urandom >new
# shellcheck disable=SC2094 # it is read only
for places in "$first/new $dead/a" "$dead/a oci:new.layout" "$dead/a $first/new2 $second/new"; do
	mkfifo pipe
	cat new >pipe 2>/dev/null &
	# shellcheck disable=SC2086
	assert_failed 69 oci-push-blob oci-push-blob --retries 0 --media-type "$octets" $places <pipe
	rm pipe
	assert_match "^oci-push-blob: 1 of [23] places did not get the blob: '$dead/a': cannot reach" err
done
for place in "$first/new" oci:new.layout "$first/new2" "$second/new"; do
	oci-fetch --blob "$place@$(digest_of new)" | cmp - new
done

# The first failure decides the status; each is named.
start_scripted_registry
mkfifo pipe
head -c 60000000 random >pipe 2>/dev/null &
assert_failed 75 oci-push-blob oci-push-blob --retries 0 --media-type "$octets" \
	"$registry/lost/40" "$second/mine" "$dead/a" <pipe
rm pipe
assert_match "2 of 3 places did not get the blob: '$registry/lost/40': .*; '$dead/a': " err
oci-fetch --blob "$second/mine@$(digest_of random)" | cmp - random

# When all fail, and when the input is truncated, no session stays open.
assert_failed 69 oci-push-blob oci-push-blob --retries 0 "$dead/a" "$dead/b" <small
mkdir tree
cp random tree/random
oci-tar tree | oci-zstd >layer
for bytes in 2000000 40000000; do
	mkfifo pipe
	head -c "$bytes" layer >pipe &
	assert_failed 65 oci-push-blob oci-push-blob "$first/cut" "$second/cut" oci:cut <pipe
	rm pipe
done
assert_failed 64 oci-push-blob oci-push-blob "$first/a@$digest" "$second/a" <small
assert_equal 0 "$(upload_sessions)" 'sessions of the second'
storage=$first_storage
assert_equal 0 "$(upload_sessions)" 'sessions of the first'

# --mount applies to the registry that has the repository.
expect 0 oci-push-blob --media-type "$octets" --mount "$first/pipe" "$first/mounted" "$second/mounted" <random
assert_equal 0 "$(grep -c 'PATCH /v2/mounted\|PUT /v2/mounted' "$first_log")" 'uploads of the mounted blob'

# The slowest place sets the pace, and memory is bounded: a place that stops stops the others.
head -c 400000000 /dev/zero | /usr/bin/time -q -f %M -o peak \
	oci-push-blob --media-type "$octets" "$first/zero" "$second/zero" oci:zero >zero.json
assert_equal 400000000 "$(field .size zero.json)"
[ "$(cat peak)" -lt 200000 ] || fail "memory: $(cat peak) KiB"

# The wrapper: a layer is sent to all registries that --tag names.
echo hello >tree/random
expect 0 ocinoco build tree --from scratch --tag "$first/built:1" --tag "$second/built:1" \
	--tag "$second/built:2" --push
for tag in "$first/built:1" "$second/built:1" "$second/built:2"; do
	assert_equal "$(field .digest out)" "$(oci-fetch --digest "$tag")"
done
ocinoco build tree --from scratch --tag "$first/built:1" --tag "$second/built:1" --push -n >script
assert_match "oci-push-blob $first/built:1 $second/built:1" script
