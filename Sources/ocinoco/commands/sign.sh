# shellcheck shell=sh
# sign: sign an image
# usage: ocinoco sign REF --sign-key FILE [OPTION...]
#
# Signs the image REF in the format of cosign, with a key or with the program
# of --sign-command, and prints its descriptor. With --predicate and --type it
# signs an attestation. The password of the key is in COSIGN_PASSWORD or
# --password-file, or is prompted for.
#
# example:
#   ocinoco sign ghcr.io/example/app:1 --sign-key cosign.key

compose_sign() {
	if [ "${first#*@}" = "$first" ]; then
		stage 'oci-fetch REF' arg:--raw "$@"
		pipe
		stage oci-push-manifest arg:--raw arg:--dry-run
		pipe
	fi
	stage 'oci-sign REF' "$@"
}
