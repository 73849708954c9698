# shellcheck shell=sh
# inspect: show an image
# usage: ocinoco inspect REF [OPTION...]
#
# Prints an image for people to read: what it runs, its layers, their sizes and
# its history.
#
# example:
#   ocinoco inspect docker.io/library/busybox:1.36

compose_inspect() {
	if [ -n "$base" ]; then
		stage 'oci-fetch platform' "$@" "arg:$base"
		into work:base.json
	fi
	stage 'oci-fetch platform REF' "$@"
	pipe
	stage oci-inspect "$@" "arg:--reference=$first" ${base:+arg:--base work:base.json}
}
