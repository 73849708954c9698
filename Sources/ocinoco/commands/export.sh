# shellcheck shell=sh
# export: write the files of an image as a tar
# usage: ocinoco export REF [OPTION...]
#
# Writes what a container sees of an image as one tar to stdout. Entries of
# one directory need not follow one another; oci-flatten(1) says how GNU tar
# keeps the times of directories.
#
# example:
#   ocinoco export docker.io/library/busybox | tar -xpf - -C rootfs

compose_export() {
	stage 'oci-fetch platform REF' "$@"
	pipe
	stage oci-flatten "arg:--from=$first" "$@"
}
