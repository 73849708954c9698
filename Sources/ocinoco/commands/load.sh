# shellcheck shell=sh
# load: store the images of a docker save tar
# usage: ocinoco load REF [OPTION...]
#
# Loads the archive on stdin, as docker, podman or skopeo save it, into the
# repository or layout REF and prints the images' descriptors.
#
# example:
#   docker save app:1 | ocinoco load ghcr.io/example/app:1

compose_load() {
	stage 'oci-load REF' "$@"
}
