# The wrapper signs, verifies, compares, copies with what belongs to it, deletes and collects.
# shellcheck source=../lib.sh
. "$TEST_LIB"

keys=$ROOT/Tests/fixtures/signing
start_registry plain
repository=$registry/example/app
mkdir dist
echo one >dist/file
oci-fetch scratch | oci-push-manifest "$registry/example/base:1" >base.json

# No image is built on an unsigned base; the image is signed when it is pushed.
build() {
	ocinoco build dist --from "$registry/example/base:1" --tag "$repository:$1" --root-dir /app --push \
		--verify-base-key "$keys/ec.pub" --sign-key "$keys/rsa.pem"
}
expect 65 build 1
expect 69 oci-fetch --digest "$repository:1"
ocinoco sign "$registry/example/base:1" --sign-key "$keys/ec.pem" >signed.json
cmp base.json signed.json
build 1 >app.json
ocinoco verify "$repository:1" --verify-key "$keys/rsa.pub" >verified.json
cmp app.json verified.json
expect 65 ocinoco verify "$repository:1" --verify-key "$keys/ec.pub"
assert_empty out
expect 64 ocinoco build dist --from scratch --tag "$repository:1" --sign-key "$keys/rsa.pem"
printf 'correct horse' >password

# A key that cannot be used ends the build before anything is stored.
printf wrong >wrong
while read -r refusal key; do
	for output in "--tag $registry/example/unsigned:1 --push" '--output oci:unsigned:1'; do
		# shellcheck disable=SC2086 # words
		expect "$refusal" ocinoco build dist --from scratch $output --sign-key "$keys/$key" --password-file wrong
		assert_empty out
	done
done <<END
66 no-such-file
78 cosign.key
65 p384.pem
END
expect 69 oci-fetch --digest "$registry/example/unsigned:1"
[ ! -e unsigned ] || fail 'a layout was made'
oci-sign --check --sign-key "$keys/cosign.key" --password-file password
assert_failed 78 oci-sign setsid oci-sign --check --sign-key "$keys/cosign.key"
assert_failed 66 oci-sign oci-sign --check --sign-command false --verify-key no-such-file
assert_failed 64 oci-sign oci-sign --check --sign-key "$keys/ec.pem" "$repository"
assert_failed 64 oci-sign oci-sign --sign-key "$keys/ec.pem" <app.json

# Every repository gets the signature, once.
ocinoco build dist --from scratch --tag "$registry/example/first:1" --tag "$registry/example/first:2" \
	--tag "$registry/example/second:1" --push --sign-key "$keys/rsa.pem" >everywhere.json
for name in first:2 second:1; do
	ocinoco verify "$registry/example/$name" --verify-key "$keys/rsa.pub" >out
	cmp everywhere.json out
	assert_equal 1 "$(oci-fetch --referrers "$registry/example/$name" | wc -l)"
done
oci-sign --legacy --sign-key "$keys/ec.pem" "$registry/example/first" "$registry/example/second" \
	<everywhere.json >out
cmp everywhere.json out
for name in first second; do
	oci-verify --verify-key "$keys/ec.pub" "$registry/example/$name:1" >out
	cmp everywhere.json out
done
digest=$(field .digest everywhere.json)
oci-sign --sign-key "$keys/ec.pem" "$registry/example/first@$digest" "$registry/example/second@$digest" >out
cmp everywhere.json out
assert_equal 2 "$(oci-fetch --referrers "$registry/example/second:1" | wc -l)"
assert_failed 64 oci-sign oci-sign --sign-key "$keys/ec.pem" "$registry/example/first@$digest" \
	"$registry/example/second" <everywhere.json

ocinoco sign "$repository@$(field .digest app.json)" --sign-key "$keys/cosign.key" \
	--password-file password >out
cmp app.json out
# A key file that can be read only once.
ocinoco verify "$repository:1" --verify-key /dev/stdin <"$keys/ec.pub" >out
cmp app.json out
ocinoco build dist --from "$registry/example/base:1" --tag "$repository:p" --push -n \
	--verify-base-key "$keys/ec.pub" --sign-key "$keys/rsa.pem" >script
sh script >out
ocinoco verify "$repository:p" --verify-key "$keys/rsa.pub" >out

# The digest, and whether it is still the same.
ocinoco digest "$repository:1" >its-digest
assert_equal "$(field .digest app.json)" "$(cat its-digest)"
ocinoco digest "$repository:1" --is "$(cat its-digest)" >out
expect 1 ocinoco digest "$repository:1" --is "$(field .digest base.json)"
cmp its-digest out
assert_empty err

# The base moves: for hundreds of images, each base is asked for once.
build 2 >out
: >"$registry_log"
ocinoco rebase --check "$repository:1" "$repository:2" >out
assert_equal 'current current' "$(cut -f 1 out | tr '\n' ' ' | sed 's/ $//')"
assert_equal 1 "$(grep -c '"HEAD /v2/example/base/manifests/1 ' "$registry_log")" HEAD
assert_equal 0 "$(grep -c '"GET /v2/example/base/manifests' "$registry_log")" GET
oci-fetch scratch | oci-config --label new=1 | oci-push-manifest "$registry/example/base:1" >new.json
expect 1 ocinoco rebase --check "$repository:1" "$repository:2"
assert_empty err
assert_equal "stale	$repository:1	$registry/example/base:1	$(field .digest base.json)	$(field .digest new.json)" \
	"$(head -n 1 out)"
oci-fetch "$repository:1" >line.json
expect 1 oci-rebase --check <line.json
assert_match '^stale	image line 1	' out
oci-fetch scratch | oci-push-manifest "$registry/example/other:1" >out
oci-rebase --check "$registry/example/other:1" >out
assert_match '^unknown	' out
oci-delete "$registry/example/base:1"
expect 1 oci-rebase --check "$repository:1"
assert_match '	-$' out
assert_failed 64 oci-rebase oci-rebase "$repository:1"

# An image whose recorded base is the manifest of its platform in an index has that index as its base.
for platform in amd64 arm64; do oci-fetch scratch --platform "linux/$platform" >"$platform.json"; done
cat amd64.json arm64.json | oci-push-manifest "$registry/example/multi:1" >out
echo layer >file
oci-tar file | oci-zstd | oci-push-blob "$repository" >layer.json
oci-fetch --platform linux/arm64 "$registry/example/multi:1" | oci-manifest-append layer.json |
	oci-push-manifest "$repository:arm" >out
oci-rebase --check "$repository:arm" >out
assert_match '^current	' out

# A base that cannot be read does not hide the answers about others, and is named once.
nowhere=127.0.0.1:$(free_port)
oci-fetch "$repository:arm" | sed "s|$registry/example/multi|$nowhere/base|" >lost.json
! cmp -s lost.json line.json || fail 'the base was not replaced'
for tag in lost lost2; do
	oci-push-manifest --from "$repository" "$repository:$tag" <lost.json >out
done
expect 69 oci-rebase --check --retries 0 "$repository:lost" "$repository:arm" "$repository:lost2"
assert_equal 1 "$(wc -l <out)"
assert_match "^current	$repository:arm	" out
assert_message oci-rebase
assert_match "$nowhere" err
oci-delete "$repository:lost" "$repository:lost2"

# Referrers are copied too: signatures, what refers to those, and cosign's tags.
oci-sign --sign-key "$keys/ec.pem" --legacy "$repository" <app.json >out
oci-fetch --referrers "$repository:1" | head -n 1 >signature.json
echo note | oci-push-blob --media-type text/plain "$repository" |
	oci-artifact --type text/x-note --subject "$repository@$(field .digest signature.json)" |
	oci-push-manifest "$repository" >out
ocinoco copy "$repository:1" "$registry/mirror/app:1" >out
expect 65 ocinoco verify "$registry/mirror/app:1" --verify-key "$keys/rsa.pub"
for target in "$registry/mirror/app:1" oci:mirror:1; do
	ocinoco copy --referrers "$repository:1" "$target" >out
	cmp app.json out
	ocinoco verify "$target" --verify-key "$keys/rsa.pub" >out
	cmp app.json out
	ocinoco verify "$target" --verify-key "$keys/ec.pub" --identity "$repository" >out
	oci-fetch --referrers --recursive "$repository:1" | jq -r .digest | sort >expected
	oci-fetch --referrers --recursive "$target" | jq -r .digest | sort >copied
	cmp expected copied
	ocinoco copy --referrers "$repository:1" "$target" >out
	oci-fetch --referrers --recursive "$target" | jq -r .digest | sort >copied
	cmp expected copied
done
# The lists of signatures look like images, and are none.
expect 0 oci-validate oci:mirror
assert_empty out
expect 0 oci-validate "$registry/mirror/app:$(field .digest app.json | tr : -).sig"
# Signatures that only the target has are kept.
oci-sign --sign-key "$keys/rsa.pem" --legacy --identity "$registry/mirror/app" "$registry/mirror/app" \
	<app.json >out
oci-sign --sign-key "$keys/ed25519.pem" --legacy "$repository" <app.json >out
ocinoco copy --referrers "$repository:1" "$registry/mirror/app:1" >out
oci-fetch --raw "$registry/mirror/app:$(field .digest app.json | tr : -).sig" >attached.json
assert_equal 3 "$(field '.layers | length' attached.json)"
assert_failed 64 oci-push-manifest oci-push-manifest --referrers "$registry/mirror/app:2" <line.json

# Tags without the tags that stand for digests; deleting; collecting.
ocinoco tags "$repository" --exclude-digest-tags >listed
assert_equal '1 2 arm p ' "$(LC_ALL=C sort listed | tr '\n' ' ')"
ocinoco tags "$repository" --json >out
assert_equal "$(field .digest app.json)" "$(field 'select(.tag == "1") | .digest' out)"
ocinoco delete "$repository:arm" "$repository:p" --list >out
assert_equal 2 "$(wc -l <out)"
ocinoco delete "$repository:arm" "$repository:p" >out
assert_empty out
ocinoco tags "$repository" --exclude-digest-tags >listed
assert_equal '1 2 ' "$(LC_ALL=C sort listed | tr '\n' ' ')"
ocinoco delete oci:mirror:1
ocinoco gc mirror --grace 0 --list >listed
ocinoco gc mirror --grace 0 >removed
cut -f 2 listed | cmp - removed
