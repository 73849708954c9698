# shellcheck shell=sh
# login: store a registry's credentials
# usage: ocinoco login REGISTRY -u NAME --password-stdin [OPTION...]
#
# Stores the credentials of a registry when it accepts them. The password
# comes from stdin.
#
# example:
#   ocinoco login ghcr.io -u alice --password-stdin <token

compose_login() {
	operands 1 'one REGISTRY is needed'
	check_reference "$first"
	case "$* " in *oci-login:--username=*) ;; *) usage_error 'no --username' ;; esac
	stage oci-login "$@" "arg:$first"
	into -
}
