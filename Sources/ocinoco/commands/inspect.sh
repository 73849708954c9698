# shellcheck shell=sh
# inspect: show an image
# usage: ocinoco inspect REF [OPTION...]
#
# Shows an image to a person: what runs, its layers, their sizes and history.
# Of several platforms all are in a table, and the one for this machine, or
# those of --platform, below.
#
# example:
#   ocinoco inspect docker.io/library/busybox:1.36

compose_inspect() {
	operands 1 'one REF is needed'
	check_reference "$first"
	if [ -n "$base" ]; then
		stage 'oci-fetch platform' "$@" "arg:$base"
		into work:base.json
	fi
	all=
	[ "$first" = scratch ] || has_group platform "$@" || all=yes
	stage 'oci-fetch platform' ${all:+arg:--platform=all} "$@" "arg:$first"
	pipe
	stage oci-inspect ${all:+arg:--index} "$@" "arg:--reference=$first" ${base:+arg:--base work:base.json}
	into -
}
