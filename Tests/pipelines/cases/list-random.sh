# Random images: the listing matches what oci-untar, umoci and buildah unpack, and what oci-flatten exports.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# random_image SEED [odd]: makes the layers in layers/ and the image oci:image:1.
random_image() {
	rm -rf layers image
	python3 "$ROOT/Tests/pipelines/random_layers.py" layers "$@"
	set --
	for layer in layers/*.tar; do
		oci-zstd <"$layer" | oci-push-blob oci:image >"$layer.json"
		set -- "$@" "$layer.json"
	done
	oci-fetch scratch | oci-manifest-append "$@" | oci-push-manifest oci:image:1 >pushed
}

umask 022
mkdir storage
printf '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
buildah() {
	command buildah --storage-driver vfs --root "$PWD/storage/root" --runroot "$PWD/storage/run" "$@"
}

for seed in ${SEEDS:-$(seq 1 20)}; do
	random_image "$seed"
	expect 0 oci-list --digests <<-END
		$(oci-fetch oci:image:1)
	END
	mv out list

	rm -rf unpacked bundle
	mkdir unpacked
	for layer in layers/*.tar; do oci-untar unpacked <"$layer"; done
	same_listing "seed $seed" unpacked

	skopeo_copy --dest-compress-format gzip --dest-compress oci:image:1 oci:gzip:1
	umoci unpack --image gzip:1 bundle >umoci.log
	same_listing "seed $seed" bundle/rootfs
	rm -rf gzip

	# Only every fifth, since storing one takes a second. buildah copies layers, and hard links become files.
	[ $((seed % 5)) -ne 0 ] || {
		container=$(buildah from --quiet --signature-policy policy.json oci:image:1)
		same_listing "seed $seed" "$(buildah mount "$container")" no-links no-directory-times
		buildah rm "$container" >buildah.log
	}

	# Without this option GNU tar sets times of directories before they are full.
	rm -rf exported
	mkdir exported exported/gnu exported/bsd
	oci-fetch oci:image:1 | oci-flatten >flat.tar
	tar -xpf flat.tar --delay-directory-restore -C exported/gnu
	same_listing "seed $seed" exported/gnu
	LC_ALL=C.UTF-8 bsdtar -xpf flat.tar -C exported/bsd
	same_listing "seed $seed" exported/bsd
	oci-fetch oci:image:1 | oci-flatten --no-cache | cmp - flat.tar

	# The same from kept listings, and as readers of mtree see it.
	oci-fetch oci:image:1 | oci-list >names
	oci-fetch oci:image:1 | oci-list | cmp - names
	bsdtar -tf names | wc -l >listed
	find unpacked -printf x | wc -c | cmp - listed
done
