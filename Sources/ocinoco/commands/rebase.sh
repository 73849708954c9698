# shellcheck shell=sh
# rebase: put a newer base under an image
# usage: ocinoco rebase REF [--onto REF] [--tag REF...] [OPTION...]
#        ocinoco rebase --check REF... [OPTION...]
#
# Puts a newer base under an image, for all its platforms, pushes the result
# and prints its descriptor. The image records its base; its own layers do not
# change. With --check nothing is changed: a line for each image says whether
# its base is current, and the status is 1 when one is stale.
#
# example:
#   ocinoco rebase ghcr.io/example/app:1 --onto docker.io/library/node:22-slim

compose_rebase() {
	if [ "$check" = yes ]; then stage 'oci-rebase REF' arg:--check "$@"; return; fi
	[ "$count" -eq 1 ] || usage_error "one argument too many: '$last'"
	case $tag:$first in
	:*@*) usage_error "no --tag, and '$first' cannot become another image" ;;
	# Without another name, the image keeps its own.
	:*) set -- "$@" "TAG:$first" ;;
	esac
	stage 'oci-fetch REF' arg:--platform=all "$@"
	pipe
	stage oci-rebase "$@"
	through work:image.json
	stage 'oci-push-manifest TAG' "arg:--from=$first" "$@"
}
