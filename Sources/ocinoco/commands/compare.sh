# shellcheck shell=sh
# compare: print the differences of two images
# usage: ocinoco compare REF REF [OPTION...]
#
# Prints a line for each difference of two images: config, annotations,
# layers, and with --files each file and why. The status is 1 when they
# differ.
#
# example:
#   ocinoco compare ghcr.io/example/app:1 ghcr.io/example/app:2 --files

compose_compare() {
	stage 'oci-fetch platform' "$@" "arg:$first"
	into work:first.json
	stage 'oci-fetch platform' "$@" "arg:$last"
	into work:second.json
	stage oci-compare "arg:--from=$first" "arg:--from=$last" "$@" work:first.json work:second.json
}
