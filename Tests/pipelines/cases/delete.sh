# Tags and manifests are deleted: one tag of several, a manifest with all its tags; in registries that delete tags, only
# manifests, or nothing; in layouts.
# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
repository=$registry/example/app
echo content >file
oci-tar file | oci-zstd | oci-push-blob "$repository" >layer.json
oci-fetch scratch | oci-manifest-append layer.json >image.json
oci-push-manifest "$repository:1" "$repository:2" "$repository:3" <image.json >pushed.json
digest=$(field .digest pushed.json)

tags() {
	oci-fetch --tags "$1" | LC_ALL=C sort | tr '\n' ' '
}

# -n lists what would be deleted, and deletes nothing.
oci-delete -n "$repository:1" >out
assert_equal "tag	$repository:1	$digest" "$(cat out)"
oci-delete -n --manifest "$repository:1" >out
assert_equal 4 "$(wc -l <out)"
assert_match "^tag	$repository:3	$digest\$" out
assert_match "^manifest	$repository@$digest	$digest\$" out
assert_equal '1 2 3 ' "$(tags "$repository")"

# One tag, and none of the others; this registry deletes only manifests.
expect 0 oci-delete "$repository:1"
assert_empty out
assert_empty err
assert_equal '2 3 ' "$(tags "$repository")"
assert_equal "$digest" "$(oci-fetch --digest "$repository:2")"
assert_failed 69 oci-delete oci-delete "$repository:1"
assert_failed 69 oci-delete oci-delete --manifest "$repository:1"

# References without a tag.
assert_failed 64 oci-delete oci-delete "$repository"
assert_failed 64 oci-delete oci-delete "$repository@$digest"
assert_failed 64 oci-delete oci-delete --manifest "$repository"
assert_failed 64 oci-delete oci-delete
assert_failed 64 oci-delete oci-delete scratch

# Several tags at once; a manifest with its remaining tags.
oci-push-manifest "$repository:4" "$repository:5" <image.json >out
oci-push-manifest oci:layout:a oci:layout:b oci:layout:c oci:other:a <image.json --from "$repository" >out
assert_failed 69 oci-delete oci-delete "$repository:4" oci:layout:b "$repository:none" "$repository:5" oci:layout:a
assert_match none err
assert_equal '2 3 5 ' "$(tags "$repository")"
assert_failed 69 oci-delete oci-delete "$repository:5" oci:layout:a oci:layout:none oci:layout:c
assert_match none err
assert_equal '2 3 ' "$(tags "$repository")"
assert_equal 'c ' "$(tags oci:layout)"
oci-delete oci:other:a oci:layout:c
assert_equal '' "$(tags oci:layout)$(tags oci:other)"
oci-delete --manifest "$repository@$digest"
assert_failed 69 oci-fetch oci-fetch --digest "$repository:2"

# A deleted signature is no longer in the list of referrers.
oci-push-manifest "$repository:1" <image.json >pushed.json
oci-sign --sign-key "$ROOT/Tests/fixtures/signing/ec.pem" "$repository" <pushed.json >out
oci-sign --sign-key "$ROOT/Tests/fixtures/signing/rsa.pem" "$repository" <pushed.json >out
oci-fetch --referrers "$repository:1" >referrers.json
oci-delete --manifest "$repository@$(head -n 1 referrers.json | jq -r .digest)"
assert_equal "$(sed 1d referrers.json)" "$(oci-fetch --referrers "$repository:1")"

# A registry that refuses to delete stays unchanged, and the message explains why.
sed 's/delete: {enabled: true}/delete: {enabled: false}/' "$storage.yml" |
	sed "s|$storage|$storage.off|" >off.yml
mkdir "$storage.off"
docker-registry serve off.yml >off.log 2>&1 &
await_line() {
	pids="$! $pids"
	until grep -q 'listening on' "$1"; do
		kill -0 "$!" || fail "no registry: $(cat "$1")"
		sleep 0.05
	done
}
await_line off.log
off=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' off.log | head -n 1)
oci-push-manifest "$off/example/app:1" "$off/example/app:2" --from "$repository" <image.json >out
assert_failed 69 oci-delete oci-delete "$off/example/app:1"
assert_match 'deletion is switched off in the registry' err
assert_equal "$digest" "$(oci-fetch --digest "$off/example/app:1")"
assert_equal '1 2 ' "$(tags "$off/example/app")"
assert_failed 69 oci-delete oci-delete --manifest "$off/example/app:1"
assert_match 'deletion is switched off in the registry' err
assert_equal "$digest" "$(oci-fetch --digest "$off/example/app:1")"

# A token that allows deletion.
start_token_server
start_registry token
echo '{"auths":{"'"$registry"'":{"auth":"'"$(printf 'alice:open sesame' | base64)"'"}}}' >auth.json
oci-push-manifest --authfile auth.json "$registry/example/app:1" "$registry/example/app:2" \
	--from "$repository" <image.json >out
oci-delete --authfile auth.json "$registry/example/app:1"
assert_match 'example/app:.*delete' token.log
assert_failed 77 oci-delete oci-delete "$registry/example/app:2"

# Layouts: the name is removed, the blobs stay until they are collected.
oci-push-manifest oci:layout:1 oci:layout:2 --from "$repository" <image.json >out
oci-delete -n --manifest oci:layout:1 >out
assert_equal 3 "$(wc -l <out)"
oci-delete oci:layout:1
assert_equal '2 ' "$(tags oci:layout)"
assert_failed 69 oci-delete oci-delete oci:layout:1
oci-delete --manifest oci:layout:2
assert_equal '' "$(tags oci:layout)"
assert_equal 3 "$(find layout/blobs -type f | wc -l)"
assert_failed 66 oci-delete oci-delete oci:nowhere:1

# A tag of a layout that several entries have, one for each platform, is one image.
for arch in amd64 arm64; do
	oci-fetch scratch --platform "linux/$arch" | oci-push-manifest --index "oci:split:$arch" >/dev/null
done
oci-fetch --raw oci:split:amd64 >one
oci-fetch --raw oci:split:arm64 >two
jq -c --slurpfile one one --slurpfile two two '.manifests = [$one[0].manifests[0], $two[0].manifests[0]] |
	.manifests[].annotations["org.opencontainers.image.ref.name"] = "v1"' split/index.json >index.json
mv index.json split/index.json
expect 0 oci-fetch --digest oci:split:v1
assert_equal "$(ocinoco copy oci:split:v1 oci:copied:1 | jq -r .digest)" "$(cat out)"
expect 0 oci-delete oci:split:v1
assert_equal 0 "$(jq '.manifests | length' split/index.json)"
