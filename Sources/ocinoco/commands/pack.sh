# shellcheck shell=sh
# pack: pack a directory or file as a layer
# usage: ocinoco pack SOURCE OUT [OPTION...]
#
# Packs a directory or file, or a tar on stdin when SOURCE is -, as a layer
# in OUT and prints the layer's descriptor. When OUT is - the layer itself
# goes to stdout and no descriptor is printed. OUT gets its name only when
# it is whole.
#
# example:
#   ocinoco pack ./dist layer.tzst --root-dir /app --uid 1000 --gid 1000

compose_pack() {
	operands 2 'SOURCE and OUT are needed'
	[ -n "$first" ] || usage_error 'an empty SOURCE'
	source=$first out=$last
	choose_compressor
	[ "$compress:$out" != none:- ] || is_tar_needed "$@" || usage_error 'nothing to do'
	if [ "$out" = - ]; then
		layer_stages "$@"
		into -
		return
	fi
	can_create "$out"
	if is_in_source "$out"; then
		set -- "$@" "oci-tar:--exclude=$pattern" "oci-tar:--exclude=$pattern.part-*"
	fi
	layer_stages "$@"
	[ -z "$pipeline" ] || pipe
	stage oci-digest "$@" arg:--tee work:layer.json
	into_whole "$out"
	run cat cat work:layer.json
	into -
}
