# shellcheck shell=sh
# inspect: show an image
# usage: ocinoco inspect REF [OPTION...]
#
# Describes an image for people: its command, its layers, their sizes and its
# history. Several platforms are listed in a table; below it, the image for this
# machine or those of --platform are shown.
#
# example:
#   ocinoco inspect docker.io/library/busybox:1.36

compose_inspect() {
	if [ -n "$base" ]; then
		stage 'oci-fetch platform' "$@" "arg:$base"
		into work:base.json
	fi
	all=
	[ "$first" = scratch ] || has_word platform "$@" || all=yes
	stage 'oci-fetch platform REF' ${all:+arg:--platform=all} "$@"
	pipe
	stage oci-inspect ${all:+arg:--index} "$@" "arg:--reference=$first" ${base:+arg:--base work:base.json}
}
