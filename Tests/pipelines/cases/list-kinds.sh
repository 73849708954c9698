# Images of kinds that are easy to get wrong: the listing matches what oci-untar unpacks, oci-flatten exports, and umoci
# unpacks where it agrees.

# shellcheck source=../lib.sh
. "$TEST_LIB"

umask 022

# same_tree DIR [WORD...]: the listing matches the files of DIR.
same_tree() {
	python3 "$ROOT/Tests/pipelines/mtree_tree.py" list "$@" no-root >differences
	[ ! -s differences ] || fail "$kind, $1: $(head -c 2000 differences)"
}

kinds=$(python3 "$ROOT/Tests/pipelines/layered_kinds.py")
for kind in $kinds; do
	rm -rf layers image unpacked exported bundle
	python3 "$ROOT/Tests/pipelines/layered_kinds.py" layers "$kind"
	set --
	for layer in layers/*.tar; do
		gzip -n <"$layer" | oci-push-blob oci:image >"$layer.json"
		set -- "$@" "$layer.json"
	done
	oci-fetch scratch | oci-manifest-append "$@" | oci-push-manifest oci:image:1 >pushed
	oci-fetch oci:image:1 >image.json
	expect 0 oci-list --digests <image.json
	mv out list

	mkdir unpacked exported
	for layer in layers/*.tar; do oci-untar unpacked <"$layer"; done
	same_tree unpacked
	oci-flatten <image.json >flat.tar
	tar -xpf flat.tar --xattrs --delay-directory-restore -C exported
	same_tree exported
	oci-flatten --no-cache <image.json | cmp - flat.tar
	expect 0 oci-validate oci:image

	# umoci deletes through a link, writes nothing below a file, and sets no times on directories without entries.
	case $kind in
	whiteout-behind-link | below-file | below-fifo) ;;
	*)
		umoci unpack --image image:1 bundle >umoci.log
		same_tree bundle/rootfs no-directory-times
		;;
	esac
done
