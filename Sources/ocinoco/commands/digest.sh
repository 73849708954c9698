# shellcheck shell=sh
# digest: print an image's digest
# usage: ocinoco digest REF [--is DIGEST] [OPTION...]
#
# Prints the digest of REF. It takes one HEAD request, which registries do not
# count as a pull. With --is the status is 1 when the digest is another.
#
# example:
#   ocinoco digest docker.io/library/busybox:1.36

compose_digest() {
	stage 'oci-fetch platform REF' arg:--digest "$@"
}
