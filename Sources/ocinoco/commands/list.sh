# shellcheck shell=sh
# list: list the files of an image
# usage: ocinoco list REF [PATH...] [OPTION...]
#
# Lists what a container sees of an image, or of each PATH in it, as tar -tv
# does, with the number of the layer that each file is from. With --size it
# adds up the bytes of directories and layers, and what upper layers cover.
#
# example:
#   ocinoco list docker.io/library/busybox etc

compose_list() {
	has_word oci-list "$@" || set -- "$@" oci-list:--long
	stage 'oci-fetch platform REF' "$@"
	pipe
	stage 'oci-list PATH' "arg:--from=$first" "$@"
}
