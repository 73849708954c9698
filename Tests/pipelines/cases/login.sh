# ocinoco login and logout: credentials that the registry accepted, in a private file; the password is printed nowhere.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry htpasswd
secret='open sesame'
encoded=$(printf 'alice:%s' "$secret" | base64)
umask 022

# No secret in the output, nor in the arguments of commands.
assert_silent() {
	for text in "$secret" "$encoded" 'wrong horse' "$(printf 'alice:wrong horse' | base64)"; do
		! grep -qF "$text" "$@" || fail "a secret was said: $text in $(grep -lF "$text" "$@")"
	done
}

# Denied: nothing is written.
printf 'wrong horse' >wrong
assert_failed 77 oci-login oci-login "$registry" -u alice <wrong
assert_match 'user or password is wrong$' err
expect 77 ocinoco login "$registry" -u alice --password-stdin -v <wrong
assert_empty out
cat err >>said
[ ! -e "$HOME/.docker" ] || fail 'a file was written'

# Accepted: by the wrapper, and every tool uses it.
echo "$secret" >password
expect 0 strace -f -s 1000 -e trace=execve -o execs ocinoco login "$registry" -u alice --password-stdin <password
assert_empty out
assert_empty err
assert_equal 600 "$(stat -c %a "$HOME/.docker/config.json")"
assert_equal 700 "$(stat -c %a "$HOME/.docker")"
assert_equal "$encoded" "$(jq -r --arg host "$registry" '.auths[$host].auth' "$HOME/.docker/config.json")"

# --check tries what is stored and writes nothing; credentials that are refused or missing are 77.
cp "$HOME/.docker/config.json" stored.json
expect 0 ocinoco login --check "$registry"
assert_empty err
cmp stored.json "$HOME/.docker/config.json"
jq --arg host "$registry" '.auths[$host].auth = ("alice:wrong horse" | @base64)' stored.json >stale.json
assert_failed 77 oci-login oci-login --check --authfile stale.json "$registry"
echo '{}' >none.json
assert_failed 77 oci-login oci-login --check --authfile none.json "$registry"
cat err >>said
echo blob | oci-push-blob "$registry/a/b" >blob.json
oci-fetch --blob "$registry/a/b" <blob.json >blob
assert_equal blob "$(cat blob)"
skopeo list-tags --tls-verify=false "docker://$registry/a/b" >out 2>err || :
! grep -qi unauthorized err || fail "skopeo: $(cat err)"
expect 0 ocinoco login "$registry" --username=alice -v <password
cat err >>said
assert_match 'oci-login: stored by' err

# A file that exists keeps its other content, and stays a link if it is one.
mkdir elsewhere
printf '{"x": 1e3, "auths": {"other.example": {"auth": "b3RoZXI6cHc=", "y": []}}}' >elsewhere/auth.json
ln -s elsewhere/auth.json auth.json
chmod 644 elsewhere/auth.json
expect 0 oci-login --authfile auth.json --username alice "$registry" <password
[ -L auth.json ] || fail 'the link was replaced'
# Also when it leads to a file that does not exist yet; its directory must exist.
ln -s "$PWD/elsewhere/new.json" elsewhere/chain.json
ln -s elsewhere/chain.json chain.json
expect 0 oci-login --authfile chain.json --username alice "$registry" <password
[ -L chain.json ] && [ -L elsewhere/chain.json ] || fail 'a link was replaced'
assert_equal 600 "$(stat -c %a elsewhere/new.json)"
ln -s missing/auth.json dangling.json
assert_failed 73 oci-login oci-login --authfile dangling.json --username alice "$registry" <password
[ -L dangling.json ] || fail 'the link was replaced'
assert_equal 600 "$(stat -c %a elsewhere/auth.json)"
jq -ce '[.x, .auths["other.example"]] == [1e3, {"auth": "b3RoZXI6cHc=", "y": []}]' auth.json >/dev/null
assert_equal "$encoded" "$(jq -r --arg host "$registry" '.auths[$host].auth' auth.json)"
skopeo login --authfile auth.json --tls-verify=false --get-login "$registry" >out
assert_equal alice "$(cat out)"

# Eight at once: no entry is lost.
logins=
for number in 1 2 3 4 5 6 7 8; do
	oci-login --authfile many.json -u alice "$registry/$number" <password &
	logins="$logins $!"
done
for login in $logins; do
	wait "$login" || fail 'a login failed'
done
assert_equal 8 "$(jq '.auths | length' many.json)"

# A damaged file does not prevent reading what is public; where a password is needed, it is an error.
mkdir damaged
printf '{' >damaged/config.json
assert_failed 78 oci-fetch env DOCKER_CONFIG="$PWD/damaged" HOME="$PWD/none" oci-fetch --quiet "$registry/a/b"
assert_match 'unusable credentials file' err
login=$registry
start_registry plain
assert_failed 69 oci-fetch env DOCKER_CONFIG="$PWD/damaged" HOME="$PWD/none" oci-fetch --quiet "$registry/a/b"

# A registry that asks for no password has not checked it.
expect 0 oci-login --authfile open.json -u alice "$registry" <password
assert_equal "oci-login: warning: $registry does not ask for a password: whether it is right is not known" \
	"$(cat err)"
registry=$login

# A denied login keeps the previous one.
cp auth.json before
assert_failed 77 oci-login oci-login --authfile auth.json -u alice "$registry" <wrong
cmp auth.json before
# A directory that is not writable, or a path that is not a file: no part of a file is left.
printf '{' >broken.json
expect 78 oci-login --authfile broken.json -u alice "$registry" <password
assert_equal '{' "$(cat broken.json)"
assert_equal '' "$(find . -name '.*' ! -name .)"

# A FIFO, a device or a directory stays, by whichever name, and is not even read.
mkfifo fifo
mkdir directory
mknod device c 1 3 2>/dev/null || mkfifo device
mkdir -p linked/.docker
for file in fifo device directory; do
	before=$(stat -c '%F %t %T %i' "$file")
	ln -sf "../../$file" linked/.docker/config.json
	assert_failed 73 oci-login oci-login --authfile "$file" -u alice "$registry" <password
	assert_failed 73 oci-login env REGISTRY_AUTH_FILE="$file" oci-login -u alice "$registry" <password
	assert_failed 73 oci-login env HOME="$PWD/linked" oci-login -u alice "$registry" <password
	expect 73 ocinoco login "$registry" --authfile "$file" -u alice <password
	assert_equal "$before" "$(stat -c '%F %t %T %i' "$file")"
done
assert_match "not replaced, since it is not a regular file: 'directory'" err
# A pipe is read once, for all that ask.
echo '{}' >empty.json
cat empty.json >fifo &
assert_failed 77 oci-login oci-login --check --authfile fifo "$registry"
wait $!

# A helper gets the password on its stdin.
mkdir helpers
cat >helpers/docker-credential-test <<END
#!/bin/sh
echo "\$@" >>$PWD/helper.arguments
case \$1 in
get) cat $PWD/helper.stored 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
store) cat >$PWD/helper.stored ;;
erase) cat >/dev/null; rm -f $PWD/helper.stored ;;
esac
END
chmod +x helpers/docker-credential-test
printf '{"credHelpers": {"%s": "test"}}' "$registry" >helped.json
expect 0 env PATH="$PWD/helpers:$PATH" oci-login --authfile helped.json -u alice "$registry" <password
assert_equal "alice $secret" "$(jq -r '.Username + " " + .Secret' helper.stored)"
expect 0 env PATH="$PWD/helpers:$PATH" oci-login --authfile helped.json --logout "$registry"
[ ! -e helper.stored ] || fail 'the helper still has it'

# Logout: the entry is removed, the others stay; a second time there is nothing to do.
expect 0 ocinoco logout "$registry" --authfile auth.json
assert_empty out
assert_empty err
jq -ce '[.auths | keys[]] == ["other.example"]' auth.json >/dev/null
expect 0 ocinoco logout "$registry"
assert_failed 77 oci-fetch oci-fetch "$registry/a/b"
expect 0 ocinoco logout "$registry"
assert_match "warning: no credentials of '$registry'" err

# No password, or an impossible one; no user; no registry.
for text in '' '\n' 'a\nb\n' '\377\376'; do
	# shellcheck disable=SC2059
	printf "$text" >bad
	assert_failed 65 oci-login oci-login -u alice "$registry" <bad
done
assert_failed 64 oci-login oci-login "$registry" <password
assert_failed 64 oci-login oci-login --logout -u alice "$registry"
assert_failed 64 oci-login oci-login -u alice <password
expect 64 ocinoco login "$registry" --password-stdin <password
expect 64 ocinoco login -u alice <password
# Names that no registry or user can have are refused before anything is read or sent.
for name in 'https://' 'a b' "$registry@x" oci:layout; do
	assert_failed 64 oci-login oci-login -u alice "$name" <password
	assert_failed 64 oci-login oci-login --check "$name"
	assert_failed 64 oci-login oci-login --logout "$name"
done
for name in '' 'a:b' "$(printf 'a\nb')" "$(printf 'a\177')" "$(printf 'a\377')"; do
	assert_failed 64 oci-login oci-login -u "$name" "$registry" <password
done
for option in --authfile --ca-file --cert --key; do
	assert_failed 64 oci-login oci-login -u alice "$option" '' "$registry" <password
	assert_match "oci-login: $option is empty" err
done
assert_silent said execs out err helper.arguments
