# shellcheck shell=sh
# login: store a registry's credentials
# usage: ocinoco login REGISTRY -u NAME [--password-stdin] [OPTION...]
#        ocinoco login REGISTRY --check [OPTION...]
#
# Stores the credentials of a registry when it accepts them. The password is
# read from stdin; on a terminal it is asked for and not shown. With --check
# the registry is asked whether it accepts the stored credentials.
#
# example:
#   ocinoco login ghcr.io -u alice --password-stdin <token

compose_login() {
	case " $given " in *' --username '* | *' --check '*) ;; *) usage_error 'no --username' ;; esac
	stage 'oci-login REGISTRY' "$@"
}
