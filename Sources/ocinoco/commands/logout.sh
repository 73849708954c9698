# shellcheck shell=sh
# logout: remove a registry's credentials
# usage: ocinoco logout REGISTRY [OPTION...]
#
# Removes the credentials of a registry.
#
# example:
#   ocinoco logout ghcr.io

compose_logout() {
	operands 1 'one REGISTRY is needed'
	check_reference "$first"
	stage oci-login arg:--logout "$@" "arg:$first"
	into -
}
