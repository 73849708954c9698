# shellcheck shell=sh
# digest: print an image's digest
# usage: ocinoco digest REF [--is DIGEST] [OPTION...]
#
# Prints the digest that REF stands for. It is asked for by HEAD, which
# registries do not count as a pull. With --is the status is 1 when it is
# another.
#
# example:
#   ocinoco digest docker.io/library/busybox:1.36

compose_digest() {
	stage 'oci-fetch platform REF' arg:--digest "$@"
}
