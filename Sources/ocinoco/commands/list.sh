# shellcheck shell=sh
# list: list the files of an image
# usage: ocinoco list REF [PATH...] [OPTION...]
#
# Lists the files of an image as a container sees them, or those at each PATH,
# as tar -tv does, with the number of the layer that each file comes from. With
# --size it prints the bytes of directories and layers, and what upper layers
# hide.
#
# example:
#   ocinoco list docker.io/library/busybox etc

compose_list() {
	has_word oci-list "$@" || set -- "$@" oci-list:--long
	stage 'oci-fetch platform REF' "$@"
	pipe
	stage 'oci-list PATH' "arg:--from=$first" "$@"
}
