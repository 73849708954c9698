# shellcheck shell=sh
# verify: verify an image's signature
# usage: ocinoco verify REF --verify-key FILE... [OPTION...]
#
# Verifies that the image REF is signed by one of the keys, and prints the
# descriptor that was verified. Without a valid signature it prints nothing,
# and the status is 65.
#
# example:
#   ocinoco verify ghcr.io/example/app:1 --verify-key cosign.pub

compose_verify() {
	stage 'oci-verify REF' "$@"
}
