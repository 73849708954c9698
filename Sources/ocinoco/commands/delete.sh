# shellcheck shell=sh
# delete: remove tags
# usage: ocinoco delete REF... [--manifest] [--list] [OPTION...]
#
# Removes the tag of each REF. The manifest stays, and so do its other tags.
# With --manifest the manifest is removed, with all its tags. With --list
# nothing is removed: a line is printed for each thing that would be.
#
# example:
#   ocinoco delete ghcr.io/example/app:old

compose_delete() {
	stage 'oci-delete REF' "$@"
}
