# shellcheck shell=sh
# tags: list tags
# usage: ocinoco tags REPOSITORY [OPTION...]
#
# Prints the tags of a registry's repository or of a layout, oci:DIR, one to
# a line.
#
# example:
#   ocinoco tags docker.io/library/busybox

compose_tags() {
	operands 1 'one REPOSITORY is needed'
	check_reference "$first"
	stage oci-fetch arg:--tags "$@" "arg:$first"
	into -
}
