# shellcheck shell=sh
# validate: check images and layouts for faults
# usage: ocinoco validate REF... [OPTION...]
#
# Checks digests, sizes, layers and documents of images, and everything in a
# layout that is given without a tag. Prints a line for each fault, which begins
# with the digest of the blob at fault; the status is 65 when there is one.
#
# example:
#   ocinoco validate oci:./site ghcr.io/example/app:1

compose_validate() {
	stage 'oci-validate REF' "$@"
}
