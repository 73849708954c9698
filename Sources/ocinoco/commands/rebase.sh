# shellcheck shell=sh
# rebase: put a newer base under an image
# usage: ocinoco rebase REF [--onto REF] [--tag REF...] [OPTION...]
#        ocinoco rebase --check REF... [OPTION...]
#
# Puts a newer base under an image, on every platform of it, pushes the
# result and prints its descriptor. What the image stands on is recorded in
# it; its own layers stay as they are. With --check nothing is changed: a
# line for each image says whether its base is current, and the status is 1
# when one is stale.
#
# example:
#   ocinoco rebase ghcr.io/example/app:1 --onto docker.io/library/node:22-slim

compose_rebase() {
	[ "$checking" = no ] || {
		check_bases "$@"
		return
	}
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

check_bases() {
	operands 1+ 'a REF is needed'
	check_reference "$first"
	for word do
		case $word in operand:*) check_reference "${word#*:}" ;; esac
	done
	stage 'oci-rebase operand' arg:--check "arg:$first" "$@"
	into -
}
