# Archives keep what belongs to an image: referrers, their referrers, and cosign's tags.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
source=$registry/source/app
openssl ecparam -genkey -name prime256v1 -noout -out key.pem
openssl ec -in key.pem -pubout -out key.pub 2>openssl.log

# push_app PLACE PLATFORM: prints an image line
mkdir dist
push_layer() {
	echo "$1" >dist/file
	oci-tar dist | oci-zstd | oci-push-blob "$source" >layer.json
	oci-fetch scratch | oci-manifest-append layer.json | oci-config --platform "$1"
}
for arch in amd64 arm64; do push_layer "linux/$arch"; done >images
oci-push-manifest "$source:1" <images >app.json
digest=$(field .digest app.json)
child=$(oci-fetch --platform linux/arm64 --raw "$source:1" | sha256sum | cut -c-64)
oci-fetch --raw "$source@sha256:$child" | oci-push-manifest --raw "$source:arm64" >child.json

# about TYPE SUBJECT.json: pushes an artifact about it
about() {
	echo "{\"about\":\"$1\"}" | oci-push-blob --media-type "$1" "$source" |
		oci-artifact --type "$1" --subject-file "$2" --annotation "kind=$1" | oci-push-manifest "$source"
}
about application/spdx+json app.json >sbom.json
about application/vnd.example.scan+json child.json >scan.json
about application/vnd.example.note+json sbom.json >note.json
oci-sign --sign-key key.pem "$source" <app.json >out
oci-sign --sign-key key.pem --legacy "$source" <app.json >out
oci-sign --sign-key key.pem "$source" <sbom.json >out
tag=$(echo "$digest" | tr : -).sig

# companions PLACE:TAG: everything that belongs to the image
companions() {
	oci-fetch --referrers --recursive "$1" | jq -r .digest | sort
	oci-fetch --raw "${1%:*}:$tag" | sha256sum | cut -c-64
}
companions "$source:1" >expected
assert_equal 6 "$(wc -l <expected)"

# check_place PLACE
check_place() {
	companions "$1:1" | diff expected -
	assert_equal "$digest" "$(ocinoco digest "$1:1")"
	ocinoco verify "$1:1" --verify-key key.pub >out
	assert_equal "$digest" "$(field .digest out)"
	ocinoco verify "$1@$(field .digest sbom.json)" --verify-key key.pub >out
	ocinoco validate "$1:1"
}

# The archive: the same bytes each time, the image first; other readers find the image by its name.
ocinoco save "$source:1" --referrers >app.tar
ocinoco save "$source:1" --referrers | cmp - app.tar
tar -xOf app.tar index.json >entries.json
assert_equal "$digest 1" "$(jq -r '.manifests[0] | .digest + " " + .annotations["org.opencontainers.image.ref.name"]' entries.json)"
assert_equal 7 "$(field '.manifests | length' entries.json)"
assert_equal application/spdx+json "$(jq -r --arg digest "$(field .digest sbom.json)" \
	'.manifests[] | select(.digest == $digest).artifactType' entries.json)"
assert_equal "$tag" "$(jq -r '.manifests[6].annotations["org.opencontainers.image.ref.name"]' entries.json)"
assert_equal "$digest" "sha256:$(skopeo inspect --raw oci-archive:app.tar:1 | sha256sum | cut -c-64)"
assert_equal 1 "$(tar -xOf app.tar manifest.json | jq length)"
ocinoco save "$source:1" | tar -xOf - index.json >plain.json
assert_equal 1 "$(field '.manifests | length' plain.json)"

# Back into a layout and into a registry without a referrers API.
expect 0 ocinoco load oci:layout:1 <app.tar
assert_empty err
assert_equal "$digest" "$(field .digest out)"
assert_equal 1 "$(wc -l <out)"
check_place oci:layout
expect 0 ocinoco load "$registry/target/app" <app.tar
assert_empty err
check_place "$registry/target/app"
ocinoco save oci:layout:1 --tag example.com/app:1 --referrers >again.tar
ocinoco load "$registry/again/app:1" <again.tar >out
check_place "$registry/again/app"

# Loading twice adds nothing; signatures that only the place has stay.
ocinoco load oci:layout:1 <app.tar >out
check_place oci:layout
assert_equal 7 "$(field '.manifests | length' layout/index.json)"
ocinoco copy "$source:1" oci:signed:1 >out
openssl genpkey -algorithm ed25519 -out other.pem 2>openssl.log
openssl pkey -in other.pem -pubout -out other.pub
ocinoco sign oci:signed:1 --sign-key other.pem --legacy --identity "$source" >out
ocinoco load oci:signed:1 <app.tar >out
for key in key other; do
	ocinoco verify oci:signed:1 --verify-key "$key.pub" --identity "$source" >out
done
assert_equal 2 "$(oci-fetch --raw "oci:signed:$tag" | jq '.layers | length')"

# For one platform, the referrers of that platform.
ocinoco save "$source:1" --platform linux/arm64 --referrers >arm64.tar
ocinoco load oci:arm64:1 <arm64.tar >out
assert_equal "sha256:$child" "$(field .digest out)"
assert_equal "$(field .digest scan.json)" "$(oci-fetch --referrers --recursive oci:arm64:1 | jq -r .digest)"
ocinoco load oci:chosen:1 --platform linux/arm64 <app.tar >out
assert_equal "$(field .digest scan.json)" "$(oci-fetch --referrers --recursive oci:chosen:1 | jq -r .digest)"

# The tar of a layout of other tools: cosign's tag beside the image, and a list of referrers under its tag.
skopeo copy -q --all --src-tls-verify=false "docker://$source:1" oci:others:1
skopeo copy -q --src-tls-verify=false "docker://$source:$tag" "oci:others:$tag"
list=$(echo "$digest" | tr : -)
skopeo copy -q --all --src-tls-verify=false "docker://$source:$list" "oci:others:$list" 2>skopeo.log ||
	ocinoco copy "$source:$list" "oci:others:$list" >out
tar -cf others.tar -C others .
expect 0 ocinoco load oci:loaded:1 <others.tar
assert_equal "$digest" "$(field .digest out)"
assert_equal "$(field .digest sbom.json)" "$(oci-fetch --referrers --artifact-type application/spdx+json oci:loaded:1 |
	jq -r .digest)"
ocinoco verify oci:loaded:1 --verify-key key.pub --identity "$source" >out

# An artifact without its subject is loaded like an image; a truncated archive changes no name.
ocinoco save "$source@$(field .digest sbom.json)" | ocinoco load oci:alone:sbom >out
assert_equal "$(field .digest sbom.json)" "$(ocinoco digest oci:alone:sbom)"
head -c "$(($(wc -c <app.tar) - 1024))" app.tar >cut.tar
expect 65 ocinoco load oci:cut:1 <cut.tar
[ ! -e cut/index.json ] || assert_equal 0 "$(field '.manifests | length' cut/index.json)"
assert_failed 64 oci-save oci-save --referrers <app.json
