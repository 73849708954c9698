# shellcheck shell=sh
# logout: remove a registry's credentials
# usage: ocinoco logout REGISTRY [OPTION...]
#
# Removes the credentials of a registry.
#
# example:
#   ocinoco logout ghcr.io

compose_logout() {
	stage 'oci-login REGISTRY' arg:--logout "$@"
}
