# shellcheck shell=sh
# delete: remove tags
# usage: ocinoco delete REF... [--manifest] [--list] [OPTION...]
#
# Removes the tag of each REF; its manifest stays, and so do other tags of
# that. With --manifest the manifest goes, with all its tags. With --list
# nothing is removed: what would go is written, a line for each.
#
# example:
#   ocinoco delete ghcr.io/example/app:old

compose_delete() {
	stage 'oci-delete REF' "$@"
}
