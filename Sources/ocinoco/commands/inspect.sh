# shellcheck shell=sh
# inspect: show an image
# usage: ocinoco inspect REF [OPTION...]
#
# Shows an image to a person: what runs, its layers, their sizes and history.
#
# example:
#   ocinoco inspect docker.io/library/busybox:1.36

compose_inspect() {
	if [ -n "$base" ]; then
		stage 'oci-fetch platform' "$@" "arg:$base"
		into work:base.json
	fi
	stage 'oci-fetch platform REF' arg:--keep-base "$@"
	pipe
	stage oci-inspect "$@" "arg:--reference=$first" ${base:+arg:--base work:base.json}
}
