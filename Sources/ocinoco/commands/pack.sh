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
	source=$first out=$last name=layer is_layer=no
	choose_compressor "${compress:-zstd}"
	[ "$compressor:$out" != none:- ] || is_tar_needed "$@" || usage_error 'nothing to do'
	if [ "$out" = - ]; then
		layer_stages "$@"
		return
	fi
	can_create "$out"
	if is_in_source "$out"; then
		set -- "$@" "oci-tar:--exclude=$pattern" "oci-tar:--exclude=$pattern.part-*"
	fi
	# Under its own name only when it is whole, unless it is a link, pipe or device.
	if [ ! -L "$out" ]; then
		if [ ! -e "$out" ] || [ -f "$out" ]; then part=part:$out; fi
	fi
	layer_stages "$@"
	[ -z "$pipeline" ] || pipe
	stage oci-digest "$@" arg:--tee work:layer.json
	into "${part:-file:$out}"
	if [ -n "$part" ]; then
		run mv mv -f -- "$part" "file:$out"
		into -
	fi
	run cat cat work:layer.json
}

# Ends when OUT cannot be made.
can_create() {
	[ "$dry_run" = no ] || return 0
	[ ! -d "$1" ] || die 73 "cannot create '$1': Is a directory"
	case $1 in
	*/*) directory=${1%/*}/ ;;
	*) directory=. ;;
	esac
	[ ! -d "$directory" ] || [ ! -w "$directory" ] || return 0
	# What the system says, of a file that is not made.
	reason=$( (: >>"$1") 2>&1) || :
	die 73 "cannot create '$1': ${reason##*: }"
}
