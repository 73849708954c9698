# Signatures: made with every kind of key and by a program, verified by openssl, found again, and rejected where they
# are about something else.
# shellcheck source=../lib.sh
. "$TEST_LIB"

keys=$ROOT/Tests/fixtures/signing
start_registry plain
repository=$registry/example/app
push_image() {
	printf %s "$1" >file
	oci-tar file | oci-zstd | oci-push-blob "$2" >layer.json
	oci-fetch scratch | oci-manifest-append layer.json | oci-push-manifest "$2:$1"
}
push_image 1 "$repository" >image.json
push_image 2 "$repository" >other.json

# verify_failed KEY REF...: status 65, one message, nothing on stdout.
verify_failed() {
	key=$1
	shift
	assert_failed 65 oci-verify oci-verify --verify-key "$keys/$key" "$@"
}

verify_failed ec.pub "$repository:1"
assert_match 'it has none of this type' err

# The line that is signed is printed again, and is what is verified.
oci-sign --sign-key "$keys/ec.pem" "$repository" <image.json >signed.json
cmp image.json signed.json
oci-verify --verify-key "$keys/ec.pub" "$repository:1" >verified.json
cmp image.json verified.json
oci-verify --verify-key "$keys/ec.pub" "$repository:1" | oci-fetch --descriptor --raw "$repository" >raw.json
assert_equal "$(field .digest image.json)" "$(digest_of raw.json)"

# The same bytes with openssl: the bundle's DSSE message.
signatures() {
	/usr/bin/python3 "$ROOT/Tests/pipelines/signatures.py" "$@"
}
check_by_openssl() {
	jq -r .dsseEnvelope.payload bundle.json | base64 -d >payload
	jq -r '.dsseEnvelope.signatures[0].sig' bundle.json | base64 -d >signature
	printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(wc -c <payload)" | cat - payload >message
	case $1 in
	ed25519) openssl pkeyutl -verify -rawin -pubin -inkey "$keys/$1.pub" -sigfile signature -in message ;;
	*) openssl dgst -sha256 -verify "$keys/$1.pub" -signature signature message ;;
	esac >openssl.log || fail "$1: $(cat openssl.log)"
}
for key in ec rsa ed25519; do
	push_image "$key" "$repository" >"$key.json"
	oci-sign --sign-key "$keys/$key.pem" "$repository" <"$key.json" >out
	oci-verify --verify-key "$keys/$key.pub" "$repository:$key" >out
	cmp "$key.json" out
	oci-fetch --referrers "$repository:$key" >referrer.json
	assert_equal application/vnd.dev.sigstore.bundle.v0.3+json "$(field .artifactType referrer.json)"
	oci-fetch --raw "$repository@$(field .digest referrer.json)" >manifest.json
	assert_equal "$(field .digest "$key.json")" "$(field .subject.digest manifest.json)"
	assert_equal dsse-envelope \
		"$(field '.annotations["dev.sigstore.bundle.content"]' manifest.json)"
	assert_equal https://sigstore.dev/cosign/sign/v1 \
		"$(field '.annotations["dev.sigstore.bundle.predicateType"]' manifest.json)"
	assert_equal null "$(field '.annotations["org.opencontainers.image.created"]' manifest.json)"
	oci-fetch --blob "$repository@$(field '.layers[0].digest' manifest.json)" >bundle.json
	check_by_openssl "$key"
	signatures verify bundle.json "$keys/$key.pub"
	! signatures verify bundle.json "$keys/cosign-made.pub" 2>judge.log || fail "$key: by any key"
	assert_equal "$(openssl pkey -pubin -in "$keys/$key.pub" -outform DER | openssl dgst -sha256 -binary |
		base64)" "$(field .verificationMaterial.publicKey.hint bundle.json)"
done

# Other forms of the same key, and their passwords.
push_image forms "$repository" >forms.json
oci-sign --sign-key "$keys/ec-sec1.pem" "$repository" <forms.json >out
printf 'correct horse\n' >password
oci-sign --sign-key "$keys/ec-encrypted.pem" --password-file password "$repository" <forms.json >out
oci-sign --sign-key "$keys/cosign.key" --password-file password "$repository" <forms.json >out
COSIGN_PASSWORD='correct horse' oci-sign --sign-key "$keys/cosign.key" "$repository" <forms.json >out
COSIGN_PASSWORD='' oci-sign --sign-key "$keys/cosign-no-password.key" "$repository" <forms.json >out
for key in ec rsa; do
	signatures encrypt "$keys/$key.pem" 'pass word' >"by-nacl.$key"
	COSIGN_PASSWORD='pass word' oci-sign --sign-key "by-nacl.$key" --verify-key "$keys/$key.pub" \
		"$repository" <forms.json >out
done
assert_equal 7 "$(oci-fetch --referrers "$repository:forms" | wc -l)"
echo wrong >wrong
assert_failed 78 oci-sign oci-sign --sign-key "$keys/cosign.key" --password-file wrong "$repository" <forms.json
assert_match 'wrong password of the key' err
assert_failed 78 oci-sign setsid oci-sign --sign-key "$keys/cosign.key" "$repository" <forms.json
assert_match 'is encrypted; give its password' err
assert_failed 65 oci-sign oci-sign --sign-key "$keys/p384.pem" "$repository" <forms.json
assert_failed 65 oci-sign oci-sign --sign-key "$keys/ec.pub" "$repository" <forms.json
assert_failed 66 oci-sign oci-sign --sign-key no-such-file "$repository" <forms.json
assert_failed 65 oci-verify oci-verify --verify-key "$keys/ec.pem" "$repository:1"
assert_equal 7 "$(oci-fetch --referrers "$repository:forms" | wc -l)"

# A program signs and keeps its own secret. It does not get the password of a key.
push_image command "$repository" >command.json
cat >signer <<END
#!/bin/sh
[ -z "\${COSIGN_PASSWORD+set}" ] || exit 9
exec openssl dgst -sha256 -sign '$keys/ec.pem'
END
chmod +x signer
COSIGN_PASSWORD=secret oci-sign --sign-command ./signer "$repository" <command.json >out
oci-verify --verify-key "$keys/ec.pub" "$repository:command" >out
cmp command.json out
assert_failed 65 oci-sign oci-sign --sign-command ./signer --verify-key "$keys/rsa.pub" \
	"$repository" <command.json
assert_failed 69 oci-sign oci-sign --sign-command 'exit 3' "$repository" <command.json
assert_failed 69 oci-sign oci-sign --sign-command true "$repository" <command.json
assert_failed 69 oci-sign oci-sign --sign-command 'yes 2>/dev/null' "$repository" <command.json
# A bundle has no RSA-PSS: such a signature verifies with no key, and is never stored if the key is known.
push_image pss "$repository" >pss.json
pss="openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sign '$keys/rsa.pem'"
assert_failed 65 oci-sign oci-sign --sign-command "$pss" --verify-key "$keys/rsa.pub" "$repository" <pss.json
oci-sign --sign-command "$pss" "$repository" <pss.json >out
verify_failed rsa.pub "$repository:pss"
assert_match 'not by this key' err
assert_equal 1 "$(oci-fetch --referrers "$repository:command" | wc -l)"

# Signatures of something else: another image, another key, another repository's copy of the tag.
verify_failed rsa.pub "$repository:1"
assert_match 'not by this key' err
verify_failed ec.pub "$repository:2"

# A referrer whose subject differs from its statement's.
oci-fetch --referrers "$repository:1" >referrer.json
oci-fetch --raw "$repository@$(field .digest referrer.json)" |
	jq -c --slurpfile other other.json '.subject = ($other[0] | {mediaType, digest, size})' |
	oci-push-manifest "$repository" >out
verify_failed ec.pub "$repository:2"
assert_match 'about another manifest' err

# Annotations count only if they are signed.
push_image notes "$repository" >notes.json
oci-sign --sign-key "$keys/ec.pem" --annotation stage=test "$repository" <notes.json >out
oci-verify --verify-key "$keys/ec.pub" --annotation stage=test "$repository:notes" >out
cmp notes.json out
verify_failed ec.pub --annotation stage=production "$repository:notes"
assert_match 'without the signed annotation' err

# An attestation is not a signature, and a signature is not an attestation.
push_image attested "$repository" >attested.json
echo '{"buildDefinition":{"buildType":"https://example.com/build"}}' >provenance.json
oci-sign --sign-key "$keys/ec.pem" --predicate provenance.json \
	--type https://slsa.dev/provenance/v1 "$repository" <attested.json >out
verify_failed ec.pub "$repository:attested"
assert_match "of the type 'https://slsa.dev/provenance/v1'" err
oci-verify --verify-key "$keys/ec.pub" --type https://slsa.dev/provenance/v1 "$repository:attested" >out
cmp attested.json out
verify_failed ec.pub --type https://slsa.dev/provenance/v1 "$repository:1"
verify_failed ec.pub --type slsaprovenance "$repository:attested"
oci-verify --verify-key "$keys/ec.pub" --type slsaprovenance1 "$repository:attested" >out
cmp attested.json out
assert_failed 64 oci-verify oci-verify --verify-key "$keys/ec.pub" --type slsa "$repository:attested"
assert_match 'neither a URI nor one of slsaprovenance, ' err

# A whole statement is signed as it is, if its subject is this image and its type is the declared one.
oci-provenance -- ./dist <attested.json >statement.json
oci-sign --sign-key "$keys/rsa.pem" --predicate statement.json "$repository" <attested.json >out
oci-verify --verify-key "$keys/rsa.pub" --type slsaprovenance1 "$repository:attested" >out
cmp attested.json out
assert_failed 65 oci-sign oci-sign --sign-key "$keys/ec.pem" --predicate statement.json "$repository" <image.json
assert_match 'the statement is not about' err
assert_failed 64 oci-sign oci-sign --sign-key "$keys/ec.pem" --predicate statement.json --type spdx \
	"$repository" <attested.json
assert_failed 64 oci-sign oci-sign --sign-key "$keys/ec.pem" --predicate statement.json --annotation a=b \
	"$repository" <attested.json
assert_failed 64 oci-sign oci-sign --sign-key "$keys/ec.pem" --predicate provenance.json \
	"$repository" <attested.json
assert_match '--type is missing' err
echo 'no json' >bad.json
assert_failed 65 oci-sign oci-sign --sign-key "$keys/ec.pem" --predicate bad.json --type https://a.b/c \
	"$repository" <attested.json

# The older form: a tag beside the image, as skopeo copies it and containers/image reads it.
push_image legacy "$repository" >legacy.json
oci-sign --sign-key "$keys/ec.pem" --legacy "$repository" <legacy.json >out
cmp legacy.json out
oci-sign --sign-key "$keys/rsa.pem" --legacy --annotation who=me "$repository" <legacy.json >out
tag=$(field .digest legacy.json | tr : -).sig
oci-fetch --raw "$repository:$tag" >manifest.json
assert_equal 2 "$(field '.layers | length' manifest.json)"
skopeo inspect --tls-verify=false --config "docker://$repository:$tag" >config.json
assert_equal "$(field '[.layers[].digest] | join(" ")' manifest.json)" \
	"$(field '.rootfs.diff_ids | join(" ")' config.json)"
oci-fetch --blob "$repository@$(field '.layers[0].digest' manifest.json)" >payload
jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' manifest.json | base64 -d >signature
openssl dgst -sha256 -verify "$keys/ec.pub" -signature signature payload >openssl.log
assert_equal "$repository" "$(field '.critical.identity["docker-reference"]' payload)"
assert_equal "$(field .digest legacy.json)" "$(field '.critical.image["docker-manifest-digest"]' payload)"
for key in ec rsa; do
	oci-verify --verify-key "$keys/$key.pub" "$repository:legacy" >out
	cmp legacy.json out
done
verify_failed ed25519.pub "$repository:legacy"
verify_failed ec.pub --annotation who=me "$repository:legacy"

# Copied to another repository, it still names the first one.
skopeo_copy "docker://$repository:legacy" "docker://$registry/mirror/app:legacy"
skopeo_copy "docker://$repository:$tag" "docker://$registry/mirror/app:$tag"
verify_failed ec.pub "$registry/mirror/app:legacy"
assert_match 'about another name' err
oci-verify --verify-key "$keys/ec.pub" --identity "$repository" "$registry/mirror/app:legacy" >out

# Layouts have signatures too.
push_image 1 oci:layout >local.json
oci-sign --sign-key "$keys/ec.pem" oci:layout:1 <local.json >out
oci-verify --verify-key "$keys/ec.pub" oci:layout:1 >out
cmp local.json out
verify_failed rsa.pub oci:layout:1
oci-sign --sign-key "$keys/ec.pem" --legacy --identity example.com/app oci:layout <local.json >out
assert_failed 64 oci-sign oci-sign --sign-key "$keys/ec.pem" --legacy oci:layout <local.json

# A digest is signed without reading the image; what does not exist cannot be signed.
oci-sign --sign-key "$keys/ec.pem" "$repository@$(field .digest other.json)" </dev/null >out
oci-verify --verify-key "$keys/ec.pub" "$repository:2" >out
cmp other.json out
jq -c '.digest = "sha256:'"$(printf %064d 0)"'"' image.json >gone.json
assert_failed 69 oci-sign oci-sign --sign-key "$keys/ec.pem" "$repository" <gone.json
jq -c '.size += 1' image.json >lying.json
assert_failed 65 oci-sign oci-sign --sign-key "$keys/ec.pem" "$repository" <lying.json
assert_failed 65 oci-sign oci-sign --sign-key "$keys/ec.pem" "$repository" </dev/null
assert_failed 69 oci-verify oci-verify --verify-key "$keys/ec.pub" "$repository:nothing"

# The same key, image and time make the same artifact, for the kinds of key that allow it.
SOURCE_DATE_EPOCH=0 oci-sign --sign-key "$keys/ed25519.pem" "$repository" <legacy.json >out
SOURCE_DATE_EPOCH=0 oci-sign --sign-key "$keys/ed25519.pem" "$repository" <legacy.json >out
assert_equal 1 "$(oci-fetch --referrers "$repository:legacy" | wc -l)"
