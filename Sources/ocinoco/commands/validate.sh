# shellcheck shell=sh
# validate: check everything that images say of themselves
# usage: ocinoco validate REF... [OPTION...]
#
# Checks digests, sizes, layers and documents of images, and of a layout
# without a tag all that is in it. Prints a line for each fault, which begins
# with the digest of what is wrong; the status is 65 when there is one.
#
# example:
#   ocinoco validate oci:./site ghcr.io/example/app:1

compose_validate() {
	stage 'oci-validate REF' "$@"
}
