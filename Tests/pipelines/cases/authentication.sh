# Basic and Bearer credentials, and TLS with a private authority; no secret is ever printed.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
make_certificates
start_registry plain
push_base
source_registry=$registry

auth_file() {
	printf '{"auths": {"%s": {"auth": "%s"}}}\n' "$registry" "$(printf %s "$1" | base64)"
}

build() {
	ocinoco build ./dist --from "oci:$PWD/base:latest" --tag "$registry/example/app:1" --root-dir /app \
		--cmd '["node","server.js"]' --push "$@"
}

# The credentials of alice, in every place where they are looked for.
check_places() {
	auth_file 'alice:open sesame' >good.json
	auth_file 'alice:wrong horse' >bad.json
	mkdir -p "$HOME/.docker" docker runtime/containers
	expect 0 build --authfile good.json
	expect 0 env REGISTRY_AUTH_FILE=good.json ocinoco copy "$registry/example/app:1" "$registry/example/app:2"
	cp good.json docker/config.json
	expect 0 env DOCKER_CONFIG="$PWD/docker" ocinoco copy "$registry/example/app:1" "$registry/example/app:3"
	cp good.json runtime/containers/auth.json
	expect 0 env XDG_RUNTIME_DIR="$PWD/runtime" ocinoco copy "$registry/example/app:1" "$registry/example/app:4"
	cp good.json "$HOME/.docker/config.json"
	expect 0 build -v
	cp err verbose
	rm "$HOME/.docker/config.json"
	for number in 1 2 3 4; do
		[ -n "$(tag_digest "example/app:$number")" ] || fail "no tag $number"
	done

	# Denied: the status says so, nothing on stdout, no tag, no upload session.
	# shellcheck disable=SC2086 # none, or several
	for arguments in '' '--authfile bad.json' '--authfile bad.json --verbose'; do
		expect 77 ocinoco build ./dist --from scratch --tag "$registry/example/denied:1" --push $arguments
		assert_empty out
		assert_match '^ocinoco: oci-push-blob failed with status 77$' err
		cat err >>verbose
		expect 77 oci-fetch $arguments "$registry/example/app:1"
		assert_empty out
		case $arguments in
		*--verbose) ;;
		*) assert_message oci-fetch ;;
		esac
		cat err >>verbose
	done
	assert_equal '' "$(tag_digest example/denied:1)"
	assert_equal 0 "$(upload_sessions)"

	for secret in 'open sesame' 'wrong horse' "$(printf %s 'alice:open sesame' | base64)" Bearer. eyJ; do
		! grep -qF "$secret" verbose || fail "a secret was said: $secret"
	done
}

start_registry htpasswd
check_places

start_token_server
start_registry token
check_places
# Only the needed actions are asked for.
grep -q '^granted repository:example/app:pull' token.log || fail "$(cat token.log)"
! grep -Eq 'example/denied|:\*' token.log || grep -q denied token.log

# A public repository needs no credentials; another user's does.
expect 0 ocinoco copy "oci:$PWD/base:latest" "$registry/public/base:1" --authfile good.json
expect 0 oci-fetch "$registry/public/base:1"
assert_failed 77 oci-fetch oci-fetch "$registry/example/app:1"

# A base in a registry without credentials, the image in one with.
expect 0 ocinoco build ./dist --from "$source_registry/example/base:latest" --authfile good.json \
	--tag "$registry/example/cross:1" --push --root-dir /app

# TLS: trusted by the authority's file, and by nothing else.
start_registry tls
expect 0 build --ca-file ca.pem
expect 0 oci-fetch --ca-file ca.pem "$registry/example/app:1"
assert_failed 69 oci-fetch oci-fetch "$registry/example/app:1"
assert_match 'certificate problem: .*; --ca-file names one to trust$' err
expect 78 oci-fetch --ca-file server.csr "$registry/example/app:1"
assert_empty out
expect 69 oci-fetch --retries 0 "$registry/example/app:1"
assert_empty out
