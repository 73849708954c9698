# oci-convert: the result is what its media types say, also for skopeo, and nothing is lost.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base
docker_manifest=application/vnd.docker.distribution.manifest.v2+json

# A filter that changes nothing keeps an image as it is, if its manifest has the form of a line.
oci-fetch "$base:latest" >line
oci-fetch --keep-base "$base:latest" | oci-config | oci-push-manifest "$base:same" >/dev/null
oci-fetch --raw "$base:latest" | jq -c . >raw
oci-fetch --raw "$base:same" | jq -c . | diff raw -
skopeo_copy --format v2s2 "docker://$base:latest" "docker://$base:skopeo"
skopeo_copy --format oci "docker://$base:skopeo" "docker://$base:skopeo-oci"
for tag in skopeo skopeo-oci; do
	oci-fetch --keep-base "$base:$tag" | oci-config | oci-push-manifest "$base:same" >pushed
	skopeo inspect --raw --tls-verify=false "docker://$base:$tag" >raw
	assert_equal "$(jq -c . raw | tr -d '\n' | sha256sum)" "$(oci-fetch --raw "$base:same" | sha256sum)"
done

# To Docker's format: skopeo copies it in that format and reads its config.
oci-fetch --keep-base "$base:latest" | oci-convert --to docker >docker.line
oci-push-manifest "$base:docker" <docker.line >pushed
assert_equal "$docker_manifest" "$(field .mediaType pushed)"
skopeo inspect --raw --tls-verify=false "docker://$base:docker" >raw
assert_equal "$(field .digest pushed)" "$(digest_of raw)"
assert_equal "$docker_manifest application/vnd.docker.container.image.v1+json application/vnd.docker.image.rootfs.diff.tar.gzip" \
	"$(jq -r '[.mediaType, .config.mediaType, .layers[].mediaType] | join(" ")' raw)"
skopeo_copy --preserve-digests "docker://$base:docker" "docker://$base:docker2"
assert_equal "$(field .digest pushed)" "$(tag_digest example/base:docker2)"
skopeo inspect --tls-verify=false "docker://$base:docker" | jq -e '.Os == "linux"' >/dev/null
skopeo_copy "docker://$base:docker" docker-archive:archive.tar:name/of:it
tar -tf archive.tar >/dev/null

# And back: every byte of the first image.
oci-fetch --keep-base "$base:docker" | oci-convert --to oci | oci-push-manifest "$base:back" >pushed
assert_equal "$(field .digest pushed)" "$(tag_digest example/base:back)"
assert_equal "$(field .config.digest line)" "$(oci-fetch "$base:back" | jq -r .config.digest)"
assert_equal "$(jq -c .layers line)" "$(oci-fetch "$base:back" | jq -c .layers)"
skopeo_copy --preserve-digests "docker://$base:back" oci:back:1

# An image that skopeo made is converted. Where nothing changes, its digest stays.
oci-fetch --keep-base "$base:skopeo" | oci-convert --to docker | oci-push-manifest "$base:skopeo2" >pushed
oci-fetch --keep-base "$base:skopeo" >skopeo.line
oci-fetch --raw "$base:skopeo2" | jq -S . >one
oci-fetch --raw "$base:skopeo" | jq -S . | diff - one
oci-fetch --raw "$base:skopeo" | oci-push-manifest --from "$base" "$base:skopeo3" >pushed
assert_equal "$(tag_digest example/base:skopeo)" "$(field .digest pushed)"
oci-convert --to oci <skopeo.line | oci-push-manifest "$base:skopeo4" >pushed
assert_equal application/vnd.oci.image.manifest.v1+json "$(field .mediaType pushed)"
skopeo_copy --preserve-digests "docker://$base:skopeo4" oci:skopeo:4
umoci unpack --rootless --image skopeo:4 bundle >umoci.log 2>&1
cmp bundle/rootfs/etc/passwd rootfs/etc/passwd

# A layer appended to Docker's image makes an OCI image of it; gzip can be converted to Docker's, zstd cannot.
for compress in gzip zstd; do
	oci-tar dist --root-dir /app | $compress -c >layer
	oci-push-blob "$base" <layer >layer.json
	oci-manifest-append layer.json <docker.line | tee appended | oci-push-manifest "$base:$compress" >pushed
	assert_equal application/vnd.oci.image.manifest.v1+json "$(field .mediaType pushed)"
	if [ "$compress" = gzip ]; then
		oci-convert --to docker <appended | oci-push-manifest "$base:both" >pushed
		assert_equal "$docker_manifest" "$(field .mediaType pushed)"
		unpack_image "$base:both" root
		cmp root/app/server.js dist/server.js
	else
		assert_failed 65 oci-convert oci-convert --to docker <appended
		assert_match 'layers\[1\].mediaType: .*zstd' err
	fi
done

# Fields that Docker's format does not have, and input that is not an image.
oci-fetch --keep-base "$base:latest" | jq -c '.annotations = {"a": "b"}' >annotated
assert_failed 65 oci-convert oci-convert --to docker <annotated
assert_match annotations err
jq -c '.subject = {mediaType, digest: ("sha256:" + "0" * 64), size: 1}' docker.line >subject
jq -c '.mediaType = "application/vnd.oci.image.manifest.v1+json"' subject >subject.oci
assert_failed 65 oci-convert oci-convert --to docker <subject.oci
assert_failed 64 oci-convert oci-convert --to tar <line
assert_failed 65 oci-convert oci-convert --to docker </dev/null
