# shellcheck shell=sh
# doctor: check what a build would need
# usage: ocinoco doctor [REF...] [OPTION...]
#
# Checks this machine and the registry of each REF, and prints what works and
# what has to be done. Nothing is changed. The status is 1 when there is a
# problem.
#
# example:
#   ocinoco doctor ghcr.io/example/app:1

compose_doctor() {
	stage 'oci-doctor REF' "$@"
}
