# shellcheck shell=sh
# save: write an image as a tar for docker load
# usage: ocinoco save REF [OPTION...]
#
# Writes an image, digest unchanged, as a tar that docker, podman and skopeo
# load to stdout. It is called REF there, unless REF is a layout. With
# --referrers its signatures, attestations and SBOMs are in it, for load.
#
# example:
#   ocinoco save ghcr.io/example/app:1 | docker load

compose_save() {
	operands 1 'one REF is needed'
	check_reference "$first"
	case $first in
	oci:* | *@* | scratch) ;;
	*) [ -n "$first_tag" ] || set -- "$@" "oci-save:--tag=$first" ;;
	esac
	stage 'oci-fetch platform' arg:--raw "$@" "arg:$first"
	pipe
	stage oci-save arg:--raw "arg:--from=$first" "$@"
	into -
}
