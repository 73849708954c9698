# shellcheck shell=sh
# rebase: put a newer base under an image
# usage: ocinoco rebase REF [--onto REF] [--tag REF...] [OPTION...]
#
# Puts a newer base under an image, on every platform of it, pushes the
# result and prints its descriptor. What the image stands on is recorded in
# it; its own layers stay as they are.
#
# example:
#   ocinoco rebase ghcr.io/example/app:1 --onto docker.io/library/node:22-slim

compose_rebase() {
	operands 1 'one REF is needed'
	check_reference "$first"
	case $first_tag:$first in
	:*@*) usage_error "no --tag, and '$first' cannot become another image" ;;
	esac
	# What has no other name keeps the one that it has.
	[ -n "$first_tag" ] || set -- "$@" "tag:$first"
	stage oci-fetch arg:--keep-base arg:--platform=all "$@" "arg:$first"
	pipe
	stage oci-rebase "$@"
	into work:image.json
	from work:image.json
	stage 'oci-push-manifest tag' "arg:--from=$first" "$@"
	into -
}
