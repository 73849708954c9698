# shellcheck shell=sh
# list: list the files of an image
# usage: ocinoco list REF [PATH...] [OPTION...]
#
# Lists what a container sees of an image, or of each PATH in it, as tar -tv
# does, with the number of the layer that each file is from. With --size it
# adds up the bytes of directories and layers, and what upper layers cover.
#
# example:
#   ocinoco list docker.io/library/busybox etc

compose_list() {
	operands 1+ 'a REF is needed'
	check_reference "$first"
	form=arg:--long
	for word do
		shift
		case $word in
		operand:-*) word=operand:./${word#*:} ;;
		oci-list:--size) form= ;;
		esac
		set -- "$@" "$word"
	done
	stage 'oci-fetch platform' "$@" "arg:$first"
	pipe
	stage 'oci-list operand' "arg:--from=$first" ${form:+"$form"} "$@"
	into -
}
