# shellcheck shell=sh
# save: write an image as a tar for docker load
# usage: ocinoco save REF [OPTION...]
#
# Writes an image to stdout as a tar that docker, podman and skopeo load. The
# digest does not change. In the tar the image is called REF, unless REF is a
# layout. With --referrers it also has the image's signatures, attestations and
# SBOMs.
#
# example:
#   ocinoco save ghcr.io/example/app:1 | docker load

compose_save() {
	case $tag:$first in
	:oci:* | :*@* | :scratch) ;;
	:*) set -- "$@" "oci-save:--tag=$first" ;;
	esac
	stage 'oci-fetch platform REF' arg:--raw "$@"
	pipe
	stage oci-save arg:--raw "arg:--from=$first" "$@"
}
