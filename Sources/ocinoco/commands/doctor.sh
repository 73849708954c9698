# shellcheck shell=sh
# doctor: check what a build would need
# usage: ocinoco doctor [REF...] [OPTION...]
#
# Says of this machine, and of the registry of each REF, what is well and
# what is to be done. Nothing is changed. The status is 1 when there is a
# problem.
#
# example:
#   ocinoco doctor ghcr.io/example/app:1

compose_doctor() {
	stage 'oci-doctor REF' "$@"
}
