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
	operands 1 'one BUNDLE is needed'
	[ -n "$first" ] || usage_error 'an empty BUNDLE'
	choose_target
	# Without the superuser all files are of this user; whose they are is recorded beside them.
	[ "$(id -u)" -eq 0 ] || owners=--rootless
	bundle=$first
	case $bundle in -*) bundle=./$bundle ;; esac
	choose_compressor
	stage oci-diff arg:--null "$@" "arg:$bundle/snapshot.mtree" "arg:$bundle/rootfs"
	into work:changes
	place work:changes
	write "if [ -s $quoted ]; then"
	source=$bundle
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
	[ -z "$base" ] || set -- "$@" "oci-push-manifest:--from=$base"
	edit_image "$@"
	push_images "$@"
}

# The stages from what changed to the compressed layer.
change_stages() {
	from work:changes
	stage oci-tar arg:--files-from=- arg:--null "arg:${owners:---keep-owner}" arg:--mtime=keep \
		arg:--xattrs "$@" "arg:$bundle/rootfs"
	compress_stages "$@"
}
