# oci-rebase and ocinoco rebase: a newer base under an image, on every platform, or nothing at all.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base
app=$registry/example/app

# push_release NAME VALUE: the base with a file and a variable, on two platforms, at $base:NAME.
push_release() {
	mkdir -p "release.$1/etc"
	echo "$1" >"release.$1/etc/release"
	oci-tar "release.$1" | oci-zstd | oci-push-blob "$base" >release.json
	for platform in linux/amd64 linux/arm64; do
		oci-fetch "$base:latest" | oci-manifest-append --created-by "release $1" release.json |
			oci-config --platform "$platform" --env "RELEASE=$1" --env "OVER=$1"
	done | oci-push-manifest "$base:$1" "$base:stable" >"pushed.$1"
}
push_release one
expect 0 ocinoco build ./dist --platform all --from "$base:stable" --tag "$app:1" --root-dir /app \
	--cmd '["node","server.js"]' --env OVER=mine --push
first=$(field .digest out)
own=$(oci-fetch "$app:1" | jq -r '.layers[-1].digest')
push_release two

# check IMAGE RELEASE: on every platform the image has RELEASE as its base and its own layers on top.
check() {
	oci-fetch --platform all --keep-base "$1" >lines
	oci-fetch --platform all "$base:$2" >base.lines
	assert_equal 2 "$(wc -l <lines)"
	for number in 1 2; do
		sed -n "${number}p" lines >line
		sed -n "${number}p" base.lines >base.line
		jq -c --arg layer "$own" '.layers + [{digest: $layer}] | map(.digest)' base.line >expected
		jq -c '.layers | map(.digest)' line | diff expected -
		assert_equal "$(field '.annotations["ocinoco.digest"]' base.line)" \
			"$(field '.annotations["org.opencontainers.image.base.digest"]' line)"
		jq -r '.config.data | @base64d' line >config.json
		jq -r '.config.data | @base64d' base.line >base.json
		assert_equal "$(field .architecture base.json)" "$(field .architecture config.json)"
		assert_equal '["node","server.js"]' "$(jq -c .config.Cmd config.json)"
		jq -e --arg release "RELEASE=$2" '.config.Env | index($release) and index("OVER=mine")' config.json >/dev/null
		assert_equal "$(jq -c .history base.json)" "$(jq -c '.history[:-1]' config.json)"
		assert_equal "$(jq -c .rootfs.diff_ids base.json)" "$(jq -c '.rootfs.diff_ids[:-1]' config.json)"
	done
}
check "$app:1" one

# With the filter, under another name.
oci-fetch --keep-base --platform all "$app:1" | oci-rebase >rebased
oci-push-manifest --from "$app" "$app:filter" <rebased >pushed
check "$app:filter" two
assert_equal "$base:stable" "$(field '.annotations["org.opencontainers.image.base.name"]' line)"

# With the wrapper: the same, to another name, another repository, a layout, and the same name.
expect 0 ocinoco rebase "$app:1" --tag "$app:2" --tag "$registry/other/app:2" --tag oci:layout:app
cmp out pushed
assert_empty err
check "$app:2" two
check "$registry/other/app:2" two
assert_equal "$first" "$(tag_digest example/app:1)"
oci-fetch --raw oci:layout:app >raw
assert_equal "$(tag_digest other/app:2)" "$(digest_of raw)"
skopeo_copy --all "docker://$app:2" oci:skopeo:2
unpack_image "$app:2" root
assert_equal two "$(cat root/etc/release)"
cmp root/app/server.js dist/server.js
assert_failed 76 oci-push-manifest oci-push-manifest --expect "$first" "$app:2" <rebased
expect 76 ocinoco rebase "$app:1" --expect absent
assert_equal "$first" "$(tag_digest example/app:1)"
ocinoco rebase -n "$app:1" >script
expect 0 sh script
assert_equal "$(field .digest pushed)" "$(tag_digest example/app:1)"
# Again: the base is already the newest, and nothing changes.
expect 0 ocinoco rebase -v "$app:1"
assert_match 'oci-rebase: image line 2 of .* has the newest base' err
assert_equal "$(field .digest pushed)" "$(field .digest out)"

# Back, with a digest: the first image except for the name of the base.
expect 0 ocinoco rebase "$app:1" --onto "$base:one" --tag "$app:back"
check "$app:back" one
assert_equal "$base:one" "$(field '.annotations["org.opencontainers.image.base.name"]' line)"
expect 0 ocinoco rebase "$app:1" --onto "$base@$(field .digest pushed.one)" --tag "$app:back"
check "$app:back" one

# Without annotations the old base must be named; a base in a layout is not recorded, as other machines could not find
# it.
oci-fetch --keep-base --platform all "$app:2" | jq -c 'del(.annotations["org.opencontainers.image.base.name"])' >bare
assert_failed 65 oci-rebase oci-rebase <bare
assert_match '--base' err
assert_failed 65 oci-rebase oci-rebase --onto "$base:one" <bare
expect 0 oci-rebase --base "$base@$(field .digest pushed.two)" --onto "$base:one" <bare
assert_equal "$base:one" "$(head -n 1 out | jq -r '.annotations["org.opencontainers.image.base.name"]')"
assert_failed 65 oci-rebase oci-rebase --base "$base@$(field .digest pushed.two)" <bare
assert_match '--onto' err
skopeo_copy --all "docker://$base:one" oci:bases:one
expect 0 oci-rebase --base "$base:two" --onto oci:bases:one <bare
expect 0 oci-rebase --base "$base:two" --onto scratch <bare
assert_equal "[\"$own\"]" "$(head -n 1 out | jq -c '[.layers[].digest]')"

# Refused: another base, the image as its own base, another platform, and references to nothing.
assert_failed 65 oci-rebase oci-rebase --base "$base:one" --onto "$base:one" <bare
assert_match 'does not stand on the old base' err
oci-fetch "$base:latest" | oci-push-manifest "$base:single" >/dev/null
assert_failed 69 oci-rebase oci-rebase --base "$base:two" --onto "$base:single" <bare
assert_match "no image for 'linux/arm64'" err
assert_failed 69 oci-rebase oci-rebase --onto "$base:missing" <rebased
assert_failed 69 oci-rebase oci-rebase --base "$base@sha256:$(printf %064d 0)" --onto "$base:one" <rebased
assert_failed 64 oci-rebase oci-rebase --onto Upper/Case <rebased
assert_failed 65 oci-rebase oci-rebase </dev/null
expect 64 ocinoco rebase "$app@$first"
expect 69 ocinoco rebase "$app:missing"
assert_empty out
expect 65 ocinoco rebase "$app:2" --base "$base:one" --onto "$base:one"
assert_match 'oci-rebase failed with status 65' err
assert_equal "$(field .digest pushed)" "$(tag_digest example/app:2)"
