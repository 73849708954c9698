# Images of buildah, in both of its formats: read, changed, converted, and read by buildah again.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# buildah's storage and policy are the case's own; no container is run.
mkdir -p "$HOME/.config/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$HOME/.config/containers/policy.json"
buildah() {
	command buildah --storage-driver vfs --root "$PWD/storage" --runroot "$PWD/run" "$@" 2>>buildah.log ||
		fail "buildah $1: $(tail -n 3 buildah.log)"
}

start_registry plain
make_rootfs rootfs
make_dist
image=$registry/example/buildah

# Two layers, and a config with every setting that buildah has.
container=$(buildah from scratch)
buildah copy --quiet "$container" rootfs / >/dev/null
buildah config --cmd '["node","server.js"]' --entrypoint '["/bin/sh","-c"]' --env PATH=/bin --env 'A=b c' \
	--label k=v --annotation note=x --port 80/tcp --volume /data --workingdir /app --user 1000:1000 \
	--author 'A B' --created-by 'the first' --stop-signal SIGINT "$container"
buildah commit --quiet "$container" first >/dev/null
container=$(buildah from first)
buildah copy --quiet --chown 5:6 "$container" dist /app >/dev/null
for format in oci docker; do
	buildah commit --quiet --format "$format" --timestamp 1700000000 "$container" "$format" >/dev/null
	buildah push --quiet --tls-verify=false --format "$format" "$format" "docker://$image:$format"
done

# tree IMAGE: the files of the image as buildah sees them, one to a line, without the root.
tree() {
	buildah from "$@" >container
	buildah mount "$(cat container)" >mounted
	tree_listing_below "$(cat mounted)"
}

for format in oci docker; do
	# Filters that change nothing keep every byte of manifest and config.
	digest=$(tag_digest "example/buildah:$format")
	oci-fetch --keep-base "$image:$format" >"$format.line"
	oci-config <"$format.line" | oci-push-manifest "$image:same-$format" >pushed
	oci-fetch --raw "$image:$format" | jq -c . | tr -d '\n' >compact
	assert_equal "$(digest_of compact)" "$(field .digest pushed)"
	oci-fetch --raw "$image:$format" | oci-push-manifest --from "$image" "$image:copy-$format" >pushed
	assert_equal "$digest" "$(field .digest pushed)"
	skopeo inspect --tls-verify=false "docker://$image:same-$format" >inspected
	assert_equal 'v /bin' "$(jq -r '.Labels.k + " " + (.Env[] | select(startswith("PATH=")) | split("=")[1])' inspected)"

	# The tree is the one that buildah mounts.
	ocinoco unpack "$image:$format" "bundle-$format"
	tree_listing_below "bundle-$format/rootfs" >"$format.listing"
	tree "$format" | diff - "$format.listing"
	assert_equal '["/bin/sh","-c","node","server.js"]' "$(jq -c .process.args "bundle-$format/config.json")"
	assert_equal 1000:1000 "$(field '.process.user | "\(.uid):\(.gid)"' "bundle-$format/config.json")"
done

# Converted to the other format and back: the same bytes; skopeo and buildah agree on the format.
claims() {
	oci-fetch --raw "$1" | jq -r '[.mediaType, .config.mediaType, .layers[].mediaType] | unique | join(" ")'
}
docker='application/vnd.docker.container.image.v1+json application/vnd.docker.distribution.manifest.v2+json application/vnd.docker.image.rootfs.diff.tar.gzip'
oci='application/vnd.oci.image.config.v1+json application/vnd.oci.image.layer.v1.tar+gzip application/vnd.oci.image.manifest.v1+json'
assert_equal "$docker" "$(claims "$image:docker")"
assert_equal "$oci" "$(claims "$image:oci")"
oci-convert --to oci <docker.line >converted
oci-push-manifest "$image:to-oci" <converted >/dev/null
assert_equal "$oci" "$(claims "$image:to-oci")"
oci-convert --to docker <converted | oci-push-manifest "$image:back" >pushed
oci-fetch --raw "$image:docker" | jq -c . | tr -d '\n' >compact
assert_equal "$(digest_of compact)" "$(field .digest pushed)"
jq -c 'del(.annotations)' oci.line | oci-convert --to docker | oci-push-manifest "$image:to-docker" >/dev/null
assert_equal "$docker" "$(claims "$image:to-docker")"
for tag in to-oci to-docker; do
	skopeo_copy --preserve-digests "docker://$image:$tag" "dir:skopeo-$tag"
	tree --tls-verify=false "docker://$image:$tag" | diff oci.listing -
	buildah inspect --type image "$image:$tag" >inspected
	assert_equal "$(tag_digest "example/buildah:$tag")" "$(field .FromImageDigest inspected)"
	assert_equal "$(claims "$image:$tag" | tr ' ' '\n' | grep manifest)" \
		"$(field '.Manifest | fromjson | .mediaType' inspected)"
done

# Our layer on top, in each compression: buildah mounts the tree that we unpack.
for compress in zstd gzip none; do
	ocinoco build dist --from "$image:docker" --tag "$image:$compress" --root-dir /opt --compress "$compress" --push >pushed
	ocinoco unpack "$image:$compress" "bundle-$compress"
	tree_listing_below "bundle-$compress/rootfs" >expected
	tree --tls-verify=false "docker://$image:$compress" | diff expected -
	cmp "$(cat mounted)/opt/server.js" dist/server.js
done

# buildah reads our archive, and we read its archives.
ocinoco save "$image:gzip" --tag example/saved:1 >saved.tar
buildah pull --quiet docker-archive:saved.tar >/dev/null
buildah push --quiet example/saved:1 oci-archive:from-buildah.tar:v2
buildah push --quiet example/saved:1 docker-archive:from-buildah-docker.tar:example/x:v3
for archive in from-buildah from-buildah-docker; do oci-load oci:loaded <"$archive.tar" >/dev/null; done
for tag in v2 v3; do
	ocinoco unpack "oci:loaded:$tag" "bundle-$tag"
	tree_listing_below "bundle-$tag/rootfs" | diff expected -
done
