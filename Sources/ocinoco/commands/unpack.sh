# shellcheck shell=sh
# unpack: unpack an image to run or change it
# usage: ocinoco unpack REF BUNDLE [OPTION...]
#
# Unpacks an image as a bundle for runc or crun: rootfs, config.json, the image
# line in image.json, and in snapshot.mtree the state that repack compares with.
# The digest and diffID of every layer are verified. An image that cannot run,
# such as one for Windows, is refused before its layers are fetched; only user
# names are looked up later. BUNDLE must be new or empty. It is complete when it
# has a config.json.
#
# example:
#   ocinoco unpack busybox ./bundle && cd bundle && runc run mine

compose_unpack() {
	bundle=$last
	if [ "$dry_run" = no ] && [ -d "$bundle" ] && [ -n "$(ls -A -- "$bundle")" ]; then
		die 73 "'$bundle' is not empty"
	fi
	stage 'oci-fetch platform REF' "$@"
	# An image that cannot run is refused before its layers are fetched.
	through work:image.json
	stage oci-runtime-config arg:--check "$@"
	into -
	write_command mkdir -p -- "$bundle/rootfs"
	# Keeps other users away from set-user-ID programs and devices of the image.
	write_command chmod 700 -- "$bundle"
	# Mode and time of the root directory, unless a layer has an entry for it.
	write_command chmod 755 -- "$bundle/rootfs"
	write_command env TZ=UTC0 touch -t 197001010000 -- "$bundle/rootfs"
	run mv mv -- work:image.json "file:$bundle/image.json"
	into -
	from "file:$bundle/image.json"
	stage oci-layers "$@"
	into work:layers
	# An image may have no layers.
	if_lines layers
	from work:layers
	# Without the digest, because that would be the digest of the blob.
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
	# Last, and by renaming a whole file: a bundle with a config.json is complete.
	run mv mv -- work:config.json "file:$bundle/config.json"
}
