# oci-push-blob --resume: a new process continues an upload that was killed, when the same bytes arrive again.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
own=$registry own_log=$registry_log
start_scripted_registry
python3 "$ROOT/Tests/pipelines/stalling_proxy.py" "$(cat port)" 36000000 proxy.port stalled 2>proxy.log &
await_port proxy.port proxy.log
proxy=127.0.0.1:$(cat proxy.port)
octets=application/octet-stream
# Bytes that no registry has.
make_random() {
	head -c 60000000 /dev/urandom >random
	echo "{\"mediaType\":\"$octets\",\"digest\":\"$(digest_of random)\",\"size\":60000000}" >expected
}
make_random

push() {
	oci-push-blob --media-type "$octets" --resume upload "$@"
}
lines() {
	grep -c "\"$1 /v2/$2" "$own_log" || :
}

# Killed while it waits for input: no acknowledged byte is sent again.
mkfifo pipe
exec 8<>pipe
head -c 40000000 random >&8 2>/dev/null &
oci-push-blob --media-type "$octets" --resume upload "$own/app" <pipe >out 2>err 8>&- &
push=$!
until [ "$(jq .acknowledged.size upload 2>/dev/null)" = 33554432 ]; do
	kill -0 "$push" || fail "no push: $(cat err)"
	sleep 0.05
done
kill -9 "$push"
wait "$push" || :
exec 8>&-
rm pipe
assert_empty out
assert_equal 600 "$(stat -c %a upload)" 'mode of the file'
# shellcheck disable=SC2002 # a pipe is what is meant
cat random | push "$own/app" | cmp - expected
[ ! -e upload ] || fail 'the file is still there'
assert_equal 14 "$(lines POST app/)$(lines PATCH app/)" 'requests'
oci-fetch --blob "$own/app@$(digest_of random)" | cmp - random

# Killed or ended in the middle of a request, of which the registry keeps a part.
sent_bytes() {
	sed -n "s,^PATCH /v2/$1/blobs.* ,,p" requests | awk '{ n += $1 } END { print n + 0 }'
}
stop() {
	# shellcheck disable=SC2002
	cat random | env --default-signal oci-push-blob --media-type "$octets" --resume upload "$proxy/$1" >out 2>err &
	push=$!
	until [ -e stalled ]; do
		kill -0 "$push" || fail "no push: $(cat err)"
		sleep 0.05
	done
	kill -s "$2" "$push"
	wait "$push" || :
	rm stalled
	assert_empty out
	# The request is over when the registry has received what was on its way, which may be the whole chunk.
	until [ "$(grep -c "^PATCH /v2/$1/" requests)" = 3 ]; do sleep 0.05; done
	cp upload kept
}
for signal in KILL TERM; do
	place=kept/$((${number:-90} + 1))
	number=${place#kept/}
	stop "$place" "$signal"
	# shellcheck disable=SC2002
	cat random | push "$proxy/$place" | cmp - expected
	assert_equal 60000000 "$(sent_bytes "$place")" 'bytes sent'
	assert_equal 1 "$(grep -c "^POST /v2/$place/" requests)" 'uploads'
	! grep -q DELETE requests || fail 'the upload was cancelled'
done

# Other bytes are refused, among the acknowledged ones and among those only sent, and the upload is kept. A file is as
# good as a pipe.
make_random
stop kept/98 KILL
for offset in 0 33554431 33554432 35000000; do
	cp random other
	printf 'other bytes' | dd of=other bs=1 seek="$offset" conv=notrunc 2>dd.log
	sent=$(sent_bytes kept/98)
	assert_failed 65 oci-push-blob push "$proxy/kept/98" <other
	assert_match "unusable resume file 'upload': its upload began with [0-9]* other bytes" err
	assert_equal "$sent" "$(sent_bytes kept/98)" 'bytes sent'
	cmp upload kept
done
head -c 20000000 random >short
assert_failed 65 oci-push-blob push "$proxy/kept/98" <short
expect 0 push "$proxy/kept/98" <random
cmp out expected
assert_equal 60000000 "$(sent_bytes kept/98)" 'bytes sent'

# A registry that fails leaves an upload to resume, too.
make_random
assert_failed 75 oci-push-blob push --retries 0 "$registry/kept/10" <random
[ -s upload ] || fail 'no file'
expect 0 push "$registry/kept/10" <random
cmp out expected
assert_equal 1 "$(grep -c '^POST /v2/kept/10/' requests)" 'uploads'

# An upload that the registry has forgotten starts again.
make_random
assert_failed 75 oci-push-blob push --retries 0 "$registry/lost/10" <random
# shellcheck disable=SC2002
cat random | push "$registry/lost/10" | cmp - expected
assert_equal 2 "$(grep -c '^POST /v2/lost/10/' requests)" 'uploads'
[ ! -e upload ] || fail 'the file is still there'

# An invalid resume file is not used.
make_random
for change in '.repository = "example.com/other"' '.acknowledged.size = -1' '.sent.size = 1' '.location = 1' \
	'del(.acknowledged)' '.sent.digest = "sha512:00"'; do
	jq -c "$change" kept >upload
	chmod 600 upload
	assert_failed 65 oci-push-blob push "$proxy/kept/98" <random
	assert_match "unusable resume file 'upload'" err
done
cp kept upload
chmod 644 upload
assert_failed 65 oci-push-blob push "$proxy/kept/98" <random
assert_match 'others own it, or may read or write it' err
rm upload
mkfifo upload
assert_failed 65 oci-push-blob push "$proxy/kept/98" <random
rm upload

# A stored Location is followed like one in an answer: never from TLS to plain HTTP.
make_certificates
start_registry tls
jq -c --arg place "$registry/app" --arg location "http://$own/v2/app/blobs/uploads/x" \
	'.repository = $place | .location = $location' kept >upload
chmod 600 upload
asked=$(wc -l <"$own_log")
assert_failed 76 oci-push-blob push --ca-file ca.pem "$registry/app" <random
assert_match 'from TLS to plain HTTP' err
assert_equal "$asked" "$(wc -l <"$own_log")" 'lines in the log of the other registry'
rm upload

# Two processes with one file: the second is refused and sends nothing, whether or not the file exists yet.
mkfifo first
exec 8<>first
oci-push-blob --media-type "$octets" --resume upload "$own/busy" <first >busy.out 2>busy.err 8>&- &
push=$!
until [ -e upload ]; do
	kill -0 "$push" || fail "no push: $(cat busy.err)"
	sleep 0.05
done
refused() {
	asked=$(wc -l <"$own_log")
	assert_failed 75 oci-push-blob push "$own/busy" <random
	assert_match "the resume file 'upload' is in use by another process" err
	assert_equal "$asked" "$(wc -l <"$own_log")" 'lines in the log'
}
refused
head -c 40000000 random >&8
until [ "$(jq .acknowledged.size upload 2>/dev/null)" = 33554432 ]; do
	kill -0 "$push" || fail "no push: $(cat busy.err)"
	sleep 0.05
done
cp upload held
refused
cmp upload held
tail -c +40000001 random >&8
exec 8>&-
wait "$push" || fail "the first failed: $(cat busy.err)"
cmp busy.out expected
rm first
[ ! -e upload ] || fail 'the file is still there'
# A process that has ended leaves the file to the next one; a push that fails at once leaves no file.
expect 0 push "$own/busy-too" <random
expect 69 push --retries 0 "127.0.0.1:$(free_port)/a" <random
[ ! -e upload ] || fail 'a file that keeps nothing'
ln -s nowhere upload
assert_failed 75 oci-push-blob push "$own/busy" <random
rm upload

# An empty file from mktemp; a small blob; a blob that exists.
: >upload
chmod 600 upload
expect 0 push "$own/small" <random
cmp out expected
expect 0 push "$own/small" <random
[ ! -e upload ] || fail 'the file is still there'
head -c 1000 random | push "$own/small" >small.json
assert_equal 1000 "$(field .size small.json)"

assert_failed 64 oci-push-blob push oci:layout <random
assert_failed 64 oci-push-blob push "$own/a" "$own/b" <random
