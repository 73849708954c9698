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
	stage 'oci-fetch REPOSITORY' arg:--tags "$@"
}
