# shellcheck shell=sh
# gc: remove from a layout what no name leads to
# usage: ocinoco gc DIR [--grace SECONDS] [--list] [OPTION...]
#
# Removes blobs of the layout DIR that nothing leads to, unless they are
# younger than an hour, and prints their paths. With --list nothing is
# removed: sizes and paths are written.
#
# example:
#   ocinoco gc ./store

compose_gc() {
	stage oci-gc "$@" arg:-- "arg:${first#oci:}"
}
