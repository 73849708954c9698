# Other programs copy and unpack what is pushed here, and what they push is fetched here; digests are kept.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
ours=$registry
start_registry plain
theirs=$registry
make_rootfs tree
make_dist
cp -r dist tree/app

# list_tree DIR: the files of a directory, without owners.
list_tree() {
	(cd "$1" && find . -mindepth 1 -printf '%P %y %m %l %s\n' | sed 's/^\([^ ]* d [0-7]*\) .*/\1/' | sort)
}
list_tree tree >expected

# assert_unpacks REF: unpacks it from where it is; the files must be those of the tree.
assert_unpacks() {
	rm -rf bundle
	ocinoco unpack "$1" bundle
	list_tree bundle/rootfs | diff expected - || fail "$1"
}

# Pushed here with every compressor: skopeo copies it unchanged, and its copy is the same here.
for compress in gzip zstd none pigz; do
	ocinoco build tree --from scratch --platform linux/amd64 --tag "$ours/app:$compress" \
		--compress "$compress" --cmd '["sh"]' --push >pushed
	skopeo_copy --preserve-digests "docker://$ours/app:$compress" "docker://$theirs/copied:$compress"
	assert_equal "$(field .digest pushed)" "$(tag_digest "copied:$compress")" "$compress"
	assert_unpacks "$theirs/copied:$compress"
	skopeo_copy --preserve-digests "docker://$ours/app:$compress" "oci:layout:$compress"
	oci-fetch --raw "oci:layout:$compress" >raw
	assert_equal "$(field .digest pushed)" "$(digest_of raw)" "$compress"
	unpack_image "$theirs/copied:$compress" root
	list_tree root | diff expected - || fail "bsdtar of $compress"
done
# umoci 0.4 cannot read zstd.
for compress in gzip none; do
	rm -rf bundle
	umoci unpack --image "layout:$compress" bundle >umoci.log
	list_tree bundle/rootfs | diff expected - || fail "umoci of $compress"
done

# Pushed by skopeo, in each format and compression: fetched, unpacked, and copied without a changed byte.
skopeo_push() {
	tag=$1
	shift
	skopeo_copy "$@" "oci:layout:gzip" "docker://$theirs/pushed:$tag"
}
skopeo_push oci --format oci
skopeo_push v2s2 --format v2s2
skopeo_push zstd --format oci --dest-compress --dest-compress-format zstd
skopeo_push gzip --format oci --dest-compress --dest-compress-format gzip
skopeo copy --insecure-policy --quiet --dest-tls-verify=false --format v2s2 --dest-compress-format gzip \
	oci:layout:none "docker://$theirs/pushed:recompressed"
for tag in oci v2s2 zstd gzip recompressed; do
	assert_unpacks "$theirs/pushed:$tag"
	skopeo inspect --raw --tls-verify=false "docker://$theirs/pushed:$tag" >raw
	oci-fetch --raw "$theirs/pushed:$tag" | cmp - raw
	for target in "$ours/mirror:$tag" "oci:mirror:$tag"; do
		ocinoco copy "$theirs/pushed:$tag" "$target" >pushed
		assert_equal "$(digest_of raw)" "$(field .digest pushed)" "$tag to $target"
		oci-fetch --raw "$target" | cmp - raw
	done
	skopeo_copy --preserve-digests "docker://$ours/mirror:$tag" "oci:back:$tag"
	assert_unpacks "oci:back:$tag"
done
types() {
	oci-fetch --raw "$theirs/pushed:$1" | jq -r '.mediaType + " " + .layers[0].mediaType'
}
assert_match 'docker.distribution.manifest.v2.json .*docker.image.rootfs.diff.tar.gzip' - <<END
$(types v2s2)
END

# A layer is appended to each of them, and skopeo accepts the result.
oci-tar dist --root-dir /more | oci-zstd | oci-push-blob "$ours/mirror" >layer.json
for tag in oci v2s2 zstd; do
	oci-fetch "$ours/mirror:$tag" | oci-manifest-append layer.json | oci-push-manifest "$ours/mirror:more-$tag" >pushed
	skopeo_copy --preserve-digests "docker://$ours/mirror:more-$tag" "oci:back:more-$tag"
	rm -rf bundle
	ocinoco unpack "oci:back:more-$tag" bundle
	cmp bundle/rootfs/more/lib/data dist/lib/data
	cmp bundle/rootfs/app/lib/data dist/lib/data
done

# Several platforms: skopeo's index is copied with everything that it names, and ours by skopeo.
for platform in linux/amd64 linux/arm64; do
	oci-fetch --keep-base "$ours/app:gzip" | oci-config --platform "$platform"
done >lines
oci-push-manifest --from "$ours/app" "$ours/multi:1" <lines >pushed
skopeo_copy --all --preserve-digests "docker://$ours/multi:1" "docker://$theirs/multi:1"
assert_equal "$(field .digest pushed)" "$(tag_digest multi:1)"
skopeo_copy --all --format v2s2 "docker://$ours/multi:1" "docker://$theirs/multi:docker"
ocinoco copy "$theirs/multi:docker" "$ours/multi:back" >pushed
assert_equal "$(tag_digest multi:docker)" "$(field .digest pushed)"
skopeo_copy --all --preserve-digests "docker://$ours/multi:back" "docker://$theirs/multi:again"
