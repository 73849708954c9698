# Images of kinds that are easy to get wrong: the listing matches what oci-untar unpacks, oci-flatten exports, and umoci
# unpacks where it agrees. What oci-untar refuses, the others refuse.

# shellcheck source=../lib.sh
. "$TEST_LIB"

umask 022

# make_image KIND: makes layers/ and the image oci:image:1.
make_image() {
	rm -rf layers image unpacked exported bundle
	python3 "$ROOT/Tests/pipelines/layered_kinds.py" layers "$1"
	set --
	for layer in layers/*.tar; do
		gzip -n <"$layer" | oci-push-blob oci:image >"$layer.json"
		set -- "$@" "$layer.json"
	done
	oci-fetch scratch | oci-manifest-append "$@" | oci-push-manifest oci:image:1 >pushed
	oci-fetch oci:image:1 >image.json
	mkdir unpacked exported
}

kinds=$(python3 "$ROOT/Tests/pipelines/layered_kinds.py")
for kind in $kinds; do
	make_image "$kind"
	expect 0 oci-list --digests <image.json
	mv out list

	for layer in layers/*.tar; do oci-untar unpacked <"$layer"; done
	same_listing "$kind" unpacked
	oci-flatten <image.json >flat.tar
	tar -xpf flat.tar --xattrs --delay-directory-restore -C exported
	same_listing "$kind" exported
	oci-flatten --no-cache <image.json | cmp - flat.tar
	expect 0 oci-validate oci:image

	# umoci deletes through a link, writes nothing below a file, follows more links than the kernel, and sets no times on
	# directories without entries.
	case $kind in
	whiteout-behind-link | below-file | below-fifo | below-link-* | below-circle | below-many-links | below-one-link-often | \
		longest | link-replaces-link-on-its-way) ;;
	*)
		umoci unpack --image image:1 bundle >umoci.log
		same_listing "$kind" bundle/rootfs no-directory-times
		;;
	esac
done

kinds=$(python3 "$ROOT/Tests/pipelines/layered_kinds.py" refused)
for kind in $kinds; do
	make_image "$kind"
	status=0
	for layer in layers/*.tar; do
		[ $status -ne 0 ] || oci-untar unpacked <"$layer" 2>err || status=$?
	done
	assert_equal 65 $status "$kind: $(cat err)"
	assert_message oci-untar
	assert_failed 65 oci-list oci-list --no-cache <image.json
	assert_failed 65 oci-flatten oci-flatten --no-cache <image.json
	expect 65 oci-validate oci:image
	assert_equal 1 "$(wc -l <out)" "$kind: $(cat out)"
done

# A hard link that is refused has removed nothing.
make_image hard-link-replaces-its-directory
oci-untar unpacked <layers/1.tar
expect 65 oci-untar unpacked <layers/2.tar
assert_equal 1 "$(cat unpacked/d/f)"
