# oci-push-manifest: blobs mounted or copied, indexes, several names, --expect; the tag is written last.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
first=$registry first_storage=$storage first_log=$registry_log first_pid=$registry_pid
push_base
start_registry plain
second=$registry
base=$first/example/base
oci-fetch "$base:latest" >line
layer=$(field '.layers[0].digest' line)
other_line() {
	oci-config --label "n=$1" <line
}

# Within one registry only the config is sent: the layer is mounted.
other_line 1 | oci-push-manifest "$first/app:1" >pushed
grep -q "POST /v2/app/blobs/uploads/?mount=$layer&from=example%2Fbase.* 201" "$first_log" ||
	grep -Eq "POST /v2/app/blobs/uploads/\?.*mount=.* 201" "$first_log" || fail 'no mount'
assert_equal 1 "$(grep -c '"PUT /v2/app/blobs/uploads/.* 201' "$first_log")" 'uploads'

# To another registry the layer is copied, without a file on this machine.
other_line 1 | strace -f -e trace=openat,creat,open -o files \
	oci-push-manifest "$second/app:1" | cmp - pushed
assert_equal '' "$(grep -E 'O_(WRONLY|RDWR|CREAT)' files | grep -v -e /dev/ -e ENOENT)" 'files written'
assert_equal "$(field .digest pushed)" "$(tag_digest app:1)"
unpack_image "$second/app:1" root

# Several names, in two registries and a layout: blobs once for each repository.
other_line 2 | oci-push-manifest "$first/many:a" "$second/many:a" oci:many:a "$second/many:b" >pushed
digest=$(field .digest pushed)
for name in "$first/many:a" "$second/many:a" "$second/many:b" oci:many:a; do
	oci-fetch --raw "$name" >raw
	assert_equal "$digest" "$(digest_of raw)" "$name"
done

# Compare and swap by --expect.
before=$(tag_digest app:1)
other_line 3 >third
assert_failed 76 oci-push-manifest oci-push-manifest --expect absent "$second/app:1" <third
assert_failed 76 oci-push-manifest oci-push-manifest --expect "$digest" "$second/app:1" <third
assert_failed 76 oci-push-manifest oci-push-manifest --expect "$before" "$second/app:new" <third
assert_failed 76 oci-push-manifest oci-push-manifest --expect absent "$second/app:new" "$second/app:1" <third
assert_failed 64 oci-push-manifest oci-push-manifest --expect nothing "$second/app:1" <third
assert_equal "$before" "$(tag_digest app:1)"
assert_equal '' "$(tag_digest app:new)"
oci-push-manifest --expect "$before" "$second/app:1" <third >pushed
assert_equal "$(field .digest pushed)" "$(tag_digest app:1)"
oci-push-manifest --expect absent "$second/app:new" <third >pushed
assert_equal "$(field .digest pushed)" "$(tag_digest app:new)"

# A digest in the reference must be the image's.
oci-push-manifest "$second/app:same@$(field .digest pushed)" <third | cmp - pushed
oci-push-manifest "$second/app@$(field .digest pushed)" <third | cmp - pushed
assert_failed 65 oci-push-manifest oci-push-manifest "$second/app:wrong@$before" <third
assert_equal '' "$(tag_digest app:wrong)"

# Without a network and without storing: the descriptor that the push would print.
oci-push-manifest --dry-run <third | cmp - pushed
oci-push-manifest --dry-run 127.0.0.1:1/app:1 oci:missing:1 <third | cmp - pushed
[ ! -e missing ] || fail 'a dry run made a layout'

# Several lines make an index; one line does with --index.
for platform in linux/amd64 linux/arm64; do oci-config --platform "$platform" <line; done >lines
oci-push-manifest --annotation 'a.b=c=d' "$second/multi:1" <lines >pushed
oci-fetch --raw "$second/multi:1" >index
assert_equal "$(field .digest pushed)" "$(digest_of index)"
assert_equal application/vnd.oci.image.index.v1+json "$(field .mediaType pushed)"
assert_equal c=d "$(field '.annotations["a.b"]' index)"
assert_equal '[{"architecture":"amd64","os":"linux"},{"architecture":"arm64","os":"linux"}]' \
	"$(jq -c '[.manifests[].platform]' index)"
skopeo --insecure-policy copy --all --quiet --src-tls-verify=false "docker://$second/multi:1" oci:skopeo:1
oci-push-manifest --index "$second/multi:one" <line >/dev/null
oci-fetch --raw "$second/multi:one" | jq -e '.manifests | length == 1' >/dev/null
cat line line >twice
assert_failed 65 oci-push-manifest oci-push-manifest "$second/multi:1" <twice
assert_match "two images for the platform 'linux/amd64': lines 1 and 2" err
oci-fetch --platform all "$second/multi:1" >all.lines
head -n 1 all.lines >cut.lines
assert_failed 65 oci-push-manifest oci-push-manifest "$second/multi:1" <cut.lines
assert_equal "$(field .digest pushed)" "$(tag_digest multi:1)"

# Bytes are kept: of an indented manifest, and of an index with everything that it names.
oci-fetch --raw "$base:latest" | jq . >pretty
oci-push-manifest --from "$base" "$second/raw:1" <pretty >pushed
oci-fetch --raw "$second/raw:1" | cmp - pretty
oci-push-manifest --from "$second/multi" "$first/raw:index" oci:walked:index <index >/dev/null
oci-fetch --raw "$first/raw:index" | cmp - index
oci-fetch --raw oci:walked:index | cmp - index
oci-fetch --platform all oci:walked:index | jq -r .config.digest >configs
jq -r .config.digest lines | diff - configs

# A blob that is found nowhere is named, and nothing is tagged.
oci-fetch --raw "$base:latest" >raw
assert_failed 69 oci-push-manifest oci-push-manifest "$second/none:1" <raw
assert_match "'sha256:[0-9a-f]*' is not in '$second/none'; say with --from" err
assert_failed 69 oci-push-manifest oci-push-manifest --from "$first/app:9" --from "$second/missing" "$second/none:1" <index
jq -c '.layers[0].digest = "sha256:" + ("0" * 64)' line >unknown
assert_failed 69 oci-push-manifest oci-push-manifest "$second/none:1" "$first/none:1" oci:none:1 <unknown
assert_match "layer 1 of 1 of the image 'sha256:0*' is neither in '$second/none' nor in '$base'" err
assert_equal '' "$(tag_digest none:1)"
assert_equal 0 "$(upload_sessions)"
assert_equal '' "$(storage=$first_storage && tag_digest none:1)"
before=$(tag_digest app:1)
assert_failed 69 oci-push-manifest oci-push-manifest --retries 0 "$second/app:1" 127.0.0.1:1/app:1 <raw
assert_equal "$before" "$(tag_digest app:1)" 'a tag moved although one place failed'

# Bad input.
printf '{}' >bad
assert_failed 65 oci-push-manifest oci-push-manifest "$second/bad:1" <bad
jq . line >bad
assert_failed 65 oci-push-manifest oci-push-manifest "$second/bad:1" <bad
assert_failed 64 oci-push-manifest oci-push-manifest <line
assert_failed 64 oci-push-manifest oci-push-manifest scratch <line
assert_failed 64 oci-push-manifest oci-push-manifest --annotation x "$second/bad:1" <line
jq -c '.annotations.x = "y" * 4200000' line >bad
assert_failed 65 oci-push-manifest oci-push-manifest "$second/bad:1" <bad
assert_match 'too large' err
assert_equal '' "$(tag_digest bad:1)"

# An artifact with a subject gets no tag unless one is named.
printf '{}' | oci-push-blob "$second/app" >empty.json
jq -nc --slurpfile empty empty.json --slurpfile subject pushed '{schemaVersion: 2,
	mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "text/x",
	config: ($empty[0] + {mediaType: "application/vnd.oci.empty.v1+json"}),
	layers: [$empty[0]], subject: $subject[0]}' >artifact
oci-push-manifest "$second/app" <artifact >pushed
assert_equal '' "$(tag_digest app:latest)"
oci-fetch --raw "$second/app@$(field .digest pushed)" | cmp - artifact
oci-push-manifest "$second/app:latest" <artifact | cmp - pushed
assert_equal "$(field .digest pushed)" "$(tag_digest app:latest)"

# A source that does not answer, then a signal: the uploads are cancelled, the tag does not move.
head -c 30000000 /dev/urandom >random
oci-push-blob --media-type application/octet-stream "$first/big" <random >big.json
jq -c --slurpfile big big.json '.layers += [$big[0]]' line >big.line
kill -s STOP "$first_pid"
oci-push-manifest --from "$first/big" --from "$base" "$second/killed:1" <big.line >out 2>err &
pusher=$!
until [ "$(upload_sessions)" -gt 0 ]; do
	kill -0 "$pusher" || fail "the push ended: $(cat err)"
	sleep 0.01
done
kill -s TERM "$pusher"
status=0
wait "$pusher" || status=$?
kill -s CONT "$first_pid"
assert_equal 143 "$status"
assert_empty out
assert_equal 0 "$(upload_sessions)"
assert_equal '' "$(tag_digest killed:1)"

# A value that is not UTF-8 is not accepted as an annotation.
bad=$(printf 'k=\377')
oci-fetch scratch >scratch.json
expect 64 oci-push-manifest --dry-run --annotation "$bad" <scratch.json
assert_empty out
expect 64 oci-push-manifest --dry-run --annotation '=v' <scratch.json
