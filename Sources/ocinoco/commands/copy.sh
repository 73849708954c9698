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
	operands 2+ 'REF and NEW-REF are needed'
	check_reference "$first"
	for word do
		case $word in operand:*) check_reference "${word#*:}" ;; esac
	done
	stage 'oci-fetch platform' arg:--raw "$@" "arg:$first"
	into work:manifest.json
	from work:manifest.json
	stage 'oci-push-manifest operand' arg:--raw "arg:--from=$first" "$@"
	into -
}
