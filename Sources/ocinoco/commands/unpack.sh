# shellcheck shell=sh
# unpack: unpack an image to run or change it
# usage: ocinoco unpack REF BUNDLE [OPTION...]
#
# Unpacks an image as a bundle for runc or crun: rootfs, its config.json, the
# image line in image.json, and in snapshot.mtree what oci-diff compares with.
# Every layer's digest and diffID are verified. BUNDLE must be new or empty;
# without a config.json it is not whole.
#
# example:
#   ocinoco unpack busybox ./bundle && cd bundle && runc run mine

compose_unpack() {
	operands 2 'REF and BUNDLE are needed'
	check_reference "$first"
	[ -n "$last" ] || usage_error 'an empty BUNDLE'
	bundle=$last
	case $bundle in -*) bundle=./$bundle ;; esac
	if [ "$printing" = no ] && [ -d "$bundle" ] && [ -n "$(ls -A -- "$bundle")" ]; then
		die 73 "'$bundle' is not empty"
	fi
	write_command mkdir -p -- "$bundle/rootfs"
	# Others have no business with set-user-ID programs and devices of the image.
	write_command chmod 700 -- "$bundle"
	# Mode and time of the root count where no layer has an entry for it.
	write_command chmod 755 -- "$bundle/rootfs"
	write_command env TZ=UTC0 touch -t 197001010000 -- "$bundle/rootfs"
	stage 'oci-fetch platform' "$@" "arg:$first"
	into "file:$bundle/image.json"
	from "file:$bundle/image.json"
	stage oci-layers "$@"
	into work:layers
	# An image may have no layers.
	place work:layers
	write "if [ -s $quoted ]; then"
	from work:layers
	# With a digest in it, the reference would be that of a blob.
	stage oci-fetch arg:--blob "$@" "arg:${first%@sha[0-9]*:*}"
	pipe
	stage oci-untar "$@" arg:--descriptor work:layers arg:-- "arg:$bundle/rootfs"
	into -
	write 'fi'
	stage oci-snapshot "$@" arg:-- "arg:$bundle/rootfs"
	into "file:$bundle/snapshot.mtree"
	from "file:$bundle/image.json"
	stage oci-runtime-config "arg:--rootfs=$bundle/rootfs" "$@"
	into work:config.json
	# Last and whole, since a runtime needs nothing else.
	run mv mv -- work:config.json "file:$bundle/config.json"
	into -
}
