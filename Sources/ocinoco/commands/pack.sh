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
	source=$first name=layer is_layer=no
	choose_compressor "${compress:-zstd}"
	if [ "$last" = - ]; then
		[ "$compressor" != none ] || is_tar_needed "$@" || usage_error 'nothing to do'
		layer_stages "$@"
		return
	fi
	layer_stages "outputs:--exclude-output=$last" "$@"
	join layer
	stage oci-digest "$@" "arg:--output=$last"
}
