# A registry that is busy, silent, chatty, or loses uploads: its log shows what was asked.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_scripted_registry

# asked PATH: how many requests for PATH the registry got.
asked() {
	grep -c " /v2/$1 " requests || :
}

# Repeated until it succeeds, and at most as often as the option says.
expect 0 oci-fetch --raw "$registry/busy/2:x"
assert_empty err
assert_equal 3 "$(asked busy/2/manifests/x)"
assert_failed 75 oci-fetch oci-fetch --raw --retries 3 "$registry/busy/100:x"
assert_equal 4 "$(asked busy/100/manifests/x)"
assert_match "still failing after all retries: GET 'http://$registry/v2/busy/100/manifests/x': status 503, UNAVAILABLE: come back later" err
assert_failed 75 oci-fetch oci-fetch --raw --retries 0 "$registry/busy/100:y"
assert_equal 1 "$(asked busy/100/manifests/y)"
# Waits as long as the registry asks for, up to a bound.
expect 0 oci-fetch --raw "$registry/limited/1:x"
assert_equal 2 "$(asked limited/1/manifests/x)"
assert_failed 75 oci-fetch oci-fetch --raw "$registry/limited/86400:x"
assert_equal 1 "$(asked limited/86400/manifests/x)"
assert_match 'status 429, TOOMANYREQUESTS: slow down' err

# No answer at all.
assert_failed 75 oci-fetch timeout 60 oci-fetch --raw --retries 0 --timeout 1 "$registry/silent:x"
assert_match "timed out on 'http://$registry/v2/silent/manifests/x': no byte moved for 1 s" err

# A warning of the registry is printed once, or not at all; the answer is used as without it.
oci-fetch --raw "$registry/plain:x" >plain
expect 0 oci-fetch --raw "$registry/warned:x"
cmp out plain
assert_equal "oci-fetch: warning: $registry: old, soon gone" "$(cat err)"
expect 0 oci-fetch --quiet --raw "$registry/warned:x"
assert_empty err

# Errors with no text, with too much, or with less than their length says.
assert_failed 69 oci-fetch oci-fetch --raw "$registry/html:x"
assert_match "refused: GET 'http://$registry/v2/html/manifests/x': status 400\$" err
assert_failed 69 oci-fetch oci-fetch --raw "$registry/huge:x"
assert_match 'status 400, too much too much' err
[ "$(wc -c <err)" -lt 1000 ] || fail 'all of it was said'
assert_failed 69 oci-fetch oci-fetch --raw "$registry/lying:x"
assert_match 'status 400, just this$' err

# An upload breaks: the last 32 MiB are kept and sent again.
head -c 60000000 /dev/urandom >random
stream() {
	cat random
}
stream | oci-push-blob "$registry/kept/40" >blob.json
assert_equal "$(digest_of random)" "$(field .digest blob.json)"
assert_equal 1 "$(grep -c '^POST /v2/kept/40/' requests)"
stream | oci-push-blob "$registry/lost/20" >blob.json
assert_equal "$(digest_of random)" "$(field .digest blob.json)"
assert_equal 2 "$(grep -c '^POST /v2/lost/20/' requests)"
oci-fetch --blob "$registry/lost/20" <blob.json | cmp - random
# What is older is gone, and the message says so; a file is read again.
status=0
stream | oci-push-blob "$registry/lost/50" >out 2>err || status=$?
assert_equal 75 "$status"
assert_empty out
assert_match "^oci-push-blob: upload to '$registry/lost/50' broke and cannot be repaired: " err
assert_message oci-push-blob
! grep -q '^PUT /v2/lost/50/' requests || fail 'a broken upload was closed'
oci-push-blob --chunk-size 16 "$registry/lost/9" <random >blob.json
assert_equal "$(digest_of random)" "$(field .digest blob.json)"

# Parts of the requested size; the last one has the rest.
stream | oci-push-blob --chunk-size 8 "$registry/plain" >blob.json
assert_equal '8388608 8388608 8388608 8388608 8388608 8388608 8388608 1279744 ' \
	"$(sed -n 's|^PATCH /v2/plain/.* 202 ||p' requests | tr '\n' ' ')"
for size in 0 65 x -1; do
	assert_failed 64 oci-push-blob oci-push-blob --chunk-size "$size" "$registry/plain" <random
done

# A login page in place of content: nothing is stored, so nothing is printed or found.
assert_failed 76 oci-push-blob oci-push-blob --media-type text/plain "$registry/portal" <plain
oci-fetch scratch >scratch.json
assert_failed 76 oci-push-manifest oci-push-manifest "$registry/portal:x" <scratch.json
assert_failed 76 oci-fetch oci-fetch --raw "$registry/portal:x"
assert_failed 76 oci-fetch oci-fetch --tags "$registry/portal"

# A media type with the lines of another request in it is not sent.
scripted=$registry
start_registry plain
oci-fetch --raw "$scripted/forged:x" >forged.json
assert_failed 76 oci-push-manifest oci-push-manifest --from "$scripted/forged" "$registry/mine:x" <forged.json
! grep -q 'DELETE\|"PUT' "$registry_log" || fail "$(grep 'DELETE\|"PUT' "$registry_log")"

# A registry that stops, and is started again when the client has noticed: nothing is lost.
kill "$registry_pid"
wait "$registry_pid" || :
sed "s/127\.0\.0\.1:0/$registry/" "$storage.yml" >again.yml
oci-push-blob -v "$registry/back" <random >blob.json 2>said &
pusher=$!
until grep -q 'cannot reach' said; do
	kill -0 "$pusher" || fail "it gave up: $(cat said)"
	sleep 0.05
done
docker-registry serve again.yml >again.log 2>&1 &
pids="$! $pids"
wait "$pusher" || fail "$(cat said)"
assert_equal "$(digest_of random)" "$(field .digest blob.json)"
