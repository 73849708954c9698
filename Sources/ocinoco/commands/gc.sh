# shellcheck shell=sh
# gc: remove unused blobs from a layout
# usage: ocinoco gc DIR [--grace SECONDS] [--list] [OPTION...]
#
# Removes the blobs of the layout DIR that no tagged image uses, unless they
# are younger than an hour, and prints their paths. With --list nothing is
# removed: sizes and paths are printed.
#
# example:
#   ocinoco gc ./store

compose_gc() {
	stage oci-gc "$@" arg:-- "arg:${first#oci:}"
}
