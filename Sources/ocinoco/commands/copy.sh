# shellcheck shell=sh
# copy: copy an image
# usage: ocinoco copy REF NEW-REF... [OPTION...]
#
# Copies an image with everything it names, digest unchanged, and prints its
# descriptor. References are registries' images or layouts, oci:DIR[:TAG].
# With --referrers its signatures, attestations and SBOMs come along.
#
# example:
#   ocinoco copy docker.io/library/busybox:1.36 oci:./mirror:busybox

compose_copy() {
	stage 'oci-fetch platform REF' arg:--raw "$@"
	# The tag is asked for while the manifest is on its way.
	pipe
	stage 'oci-push-manifest NEW-REF' arg:--raw "arg:--from=$first" "$@"
}
