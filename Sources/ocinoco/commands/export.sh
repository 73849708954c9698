# shellcheck shell=sh
# export: write the files of an image as a tar
# usage: ocinoco export REF [OPTION...]
#
# Writes the files of an image, as a container sees them, to stdout as one tar.
# The entries of a directory may be apart; oci-flatten(1) says how GNU tar keeps
# the times of directories then.
#
# example:
#   ocinoco export docker.io/library/busybox | tar -xpf - -C rootfs

compose_export() {
	stage 'oci-fetch platform REF' "$@"
	pipe
	stage oci-flatten "arg:--from=$first" "$@"
}
