# Tokens of a real registry: what is asked for, with which credentials, and what happens when a token expires during a
# transfer.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_token_server
start_registry token
first=$registry first_log=$registry_log
start_registry token
second=$registry second_log=$registry_log
jq -n --arg first "$first" --arg second "$second" \
	'{auths: ({auth: ("alice:open sesame" | @base64)} as $a | {($first): $a, ($second): $a})}' >auth.json
export REGISTRY_AUTH_FILE="$PWD/auth.json"
head -c 30000000 /dev/urandom >random
type=application/octet-stream

# log_since COMMAND...: runs it; `tokens` gets what the token server logged meanwhile.
log_since() {
	lines=$(wc -l <token.log)
	expect 0 "$@"
	tail -n "+$((lines + 1))" token.log >tokens
}

# A push asks once, for both actions; a mount also asks for the source, and sends no byte.
log_since oci-push-blob --media-type $type "$first/example/source" <random
cp out random.json
printf '%s\n' 'asked GET repository:example/source:pull,push' 'granted repository:example/source:pull,push' |
	diff - tokens
log_since oci-push-blob --media-type $type --mount example/source "$first/example/mounted" <random
diff out random.json
assert_match '^asked GET repository:example/mounted:pull,push repository:example/source:pull$' tokens
assert_match '"POST /v2/example/mounted/blobs/uploads/\?mount=.* 201 ' "$first_log"
! grep -q '"P[AU]T.* /v2/example/mounted/' "$first_log" || fail 'bytes were sent'

# Without access to the source the push continues without the mount.
log_since oci-push-blob --media-type $type --mount secret/source "$first/example/unmounted" <random
diff out random.json
assert_match '^asked GET repository:example/unmounted:pull,push repository:secret/source:pull$' tokens
assert_match '"PUT /v2/example/unmounted/.* 201 ' "$first_log"
assert_equal 0 "$(storage=$PWD/registry.1 && upload_sessions)"

# A denied request is made once.
log_since true
assert_failed 77 oci-push-blob oci-push-blob --media-type $type "$first/secret/mine" <random
assert_match "run: ocinoco login $first" err
assert_failed 77 oci-fetch oci-fetch --blob "$first/secret/mine" <random.json

# Refresh tokens are sent by POST, also those of a helper.
jq '.auths[] = {identitytoken: "refresh-me"}' auth.json >identity.json
log_since oci-fetch --authfile identity.json -v --blob "$first/example/source" <random.json
cmp out random
cat err >said
assert_match '^asked POST repository:example/source:pull$' tokens
mkdir helpers
cat >helpers/docker-credential-test <<'END'
#!/bin/sh
[ "$1" = get ] || exit 1
read -r server
printf '{"ServerURL": "%s", "Username": "%s", "Secret": "%s"}\n' "$server" "$HELPED_USER" "$HELPED_SECRET"
END
chmod +x helpers/docker-credential-test
jq --arg first "$first" -n '{credHelpers: {($first): "test"}}' >helper.json
# helped USER SECRET COMMAND...
helped() {
	HELPED_USER=$1 HELPED_SECRET=$2
	export HELPED_USER HELPED_SECRET
	shift 2
	PATH=$PWD/helpers:$PATH "$@"
}
log_since helped '<token>' refresh-me oci-fetch --authfile helper.json -v --blob "$first/example/source" <random.json
cmp out random
assert_match '^asked POST ' tokens
log_since helped alice 'open sesame' oci-fetch --authfile helper.json -v --blob "$first/example/source" <random.json
cmp out random
assert_match '^asked GET ' tokens
cat err >>said
jq '.auths[].identitytoken = "forget-me"' identity.json >bad.json
assert_failed 77 oci-fetch oci-fetch --authfile bad.json --blob "$first/example/source" <random.json
assert_match 'status 400, invalid_grant: not a token of ours; ' err
cat err >>said
assert_failed 77 oci-fetch helped '<token>' forget-me \
	oci-fetch --authfile helper.json --blob "$first/example/source" <random.json
cat err >>said
assert_failed 77 oci-fetch helped alice 'wrong horse' \
	oci-fetch --authfile helper.json --blob "$first/example/source" <random.json
cat err >>said
for secret in refresh-me forget-me 'open sesame' 'wrong horse' eyJ; do
	! grep -qF "$secret" said || fail "a secret was said: $secret"
done

# after_expiry: waits until short-lived tokens have expired; the next ones are long-lived.
after_expiry() {
	sleep 4
	rm -f token.life token.hold
}

# until_held PID: waits until the token server holds a request back.
until_held() {
	until grep -q '^held' token.log; do
		kill -0 "$1" || fail "it ended: $(cat err)"
		sleep 0.05
	done
}

# A token expires during a long upload: nothing is sent twice.
mkfifo pipe
echo 3 >token.life
oci-push-blob --media-type $type "$first/example/long" <pipe >out 2>err &
pusher=$!
exec 9>pipe
head -c 20000000 random >&9
until grep -q '"POST /v2/example/long/.* 202 ' "$first_log"; do
	kill -0 $pusher || fail "it ended: $(cat err)"
	sleep 0.05
done
after_expiry
tail -c +20000001 random >&9
exec 9>&-
wait $pusher || fail "status $?: $(cat err)"
diff out random.json
assert_equal 1 "$(grep -c '"PATCH /v2/example/long/' "$first_log")"
assert_match '"PUT /v2/example/long/.* 401 ' "$first_log"
assert_match '"PUT /v2/example/long/.* 201 ' "$first_log"
assert_equal 2 "$(grep -c '^granted repository:example/long:pull,push' token.log)"

# The source's token expires between two of its blobs: the reader of the archive is slow.
oci-fetch --platform linux/amd64 scratch | oci-config --created 2024-01-02T03:04:05Z >scratch.line
jq -c --slurpfile blob random.json '.layers += $blob' scratch.line >line
head -c 20000000 /dev/urandom >last
oci-push-blob --media-type $type "$first/example/two" <last >last.json
oci-push-blob --media-type $type --mount example/source "$first/example/two" <random >out
jq -c --slurpfile blob last.json '.layers += $blob' line |
	oci-push-manifest --index "$first/example/two:1" >/dev/null
oci-fetch --raw "$first/example/two:1" >two
: >token.log
echo 3 >token.life
before=$(wc -l <"$first_log")
{ oci-save --from "$first/example/two" <two 2>err || touch failed; } |
	{ head -c 2000000 && after_expiry && cat; } >saved.tar
[ ! -e failed ] || fail "$(cat err)"
last=$(field .digest last.json)
tar -xOf saved.tar "blobs/sha256/${last#*:}" | cmp - last
# Whichever of the two requests comes second.
tail -n "+$((before + 1))" "$first_log" >answers
assert_equal 1 "$(grep -c '"HEAD /v2/example/two/blobs/.* 401 ' answers)"
assert_equal 3 "$(grep -c '"GET /v2/example/two/blobs/.* 200 ' answers)"
assert_equal 2 "$(grep -c '^granted repository:example/two:pull$' token.log)"

# It expires while the push waits for the target's token. The target is asked first, so the source's token is still
# valid.
oci-push-manifest --from "$first/example/source" --index "$first/example/copy:1" <line >pushed
oci-fetch --raw "$first/example/copy:1" >index
: >token.log
echo 3 >token.life
echo 'example/copied:pull,push' >token.hold
oci-push-manifest --from "$first/example/copy" "$second/example/copied:1" <index >out 2>err &
pusher=$!
until_held $pusher
after_expiry
wait $pusher || fail "status $?: $(cat err)"
diff out pushed
assert_equal 1 "$(grep -c '^granted repository:example/copy:pull$' token.log)"

# The target's token expires while the push waits for the source's.
: >token.log
echo 3 >token.life
echo 'example/copy:pull' >token.hold
oci-push-manifest --from "$first/example/copy" "$second/example/again:1" <line >out 2>err &
pusher=$!
until_held $pusher
after_expiry
wait $pusher || fail "status $?: $(cat err)"
# A large blob is sent by PATCH, and the PUT that closes the upload is too late.
assert_match '"PUT /v2/example/again/blobs/uploads/.* 401 ' "$second_log"
assert_match '"PUT /v2/example/again/manifests/1.* 201 ' "$second_log"
assert_equal 2 "$(grep -c '^granted repository:example/again:pull,push' token.log)"
assert_equal 0 "$(upload_sessions)"
oci-fetch --blob "$second/example/again" <random.json | cmp - random
