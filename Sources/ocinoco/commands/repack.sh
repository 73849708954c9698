# shellcheck shell=sh
# repack: add what changed in a bundle as a layer
# usage: ocinoco repack BUNDLE --tag REF... [--push | --output LAYOUT]
#                       [OPTION...]
#
# Adds what changed in BUNDLE/rootfs since BUNDLE/snapshot.mtree was made as a
# layer to the image of BUNDLE/image.json and prints the descriptor of the new
# image. When nothing changed there is no new layer. Without --push or
# --output nothing is stored.
#
# example:
#   ocinoco repack ./bundle --tag ghcr.io/example/app:2 --push

compose_repack() {
	choose_target
	choose_compressor "${compress:-zstd}"
	# Without root, all files belong to this user, and attributes record their owners in the image.
	if [ "$rootless" = yes ] || [ "$(id -u)" -ne 0 ]; then owners=--rootless; else owners=--keep-owner; fi
	name=layer source=$first bundle=$first
	stage oci-diff arg:--null "$@" "arg:$bundle/snapshot.mtree" "arg:$bundle/rootfs"
	into work:changes
	if_lines changes
	store_layer change_stages "$@"
	from "file:$bundle/image.json"
	stage oci-manifest-append "$@" work:layer.json
	into work:appended.json
	write 'else'
	from "file:$bundle/image.json"
	run cat cat
	into work:appended.json
	write 'fi'

	from work:appended.json
	[ -z "$from" ] || set -- "$@" "oci-push-manifest:--from=$from"
	edit_image "$@"
	push_images "$@"
}

# The stages from what changed to the compressed layer.
change_stages() {
	from work:changes
	stage oci-tar arg:--files-from=- arg:--null "arg:$owners" arg:--mtime=keep arg:--xattrs "$@" \
		"arg:$bundle/rootfs"
	compress_stages "$@"
}
