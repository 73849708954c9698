# shellcheck shell=sh
# Stages that several commands share: those of a layer, and those of an image.

# choose_compressor COMPRESSOR: sets `compressor`; `extension`, the ending of the layer's name; and
# `media_type`, the type of layers to reuse, empty for none.
choose_compressor() {
	compressor=$1 extension='' media_type=
	plain=application/vnd.oci.image.layer.v1.tar
	case $compressor in
	zstd | zstd:chunked) extension=.tar.zst media_type=$plain+zstd ;;
	gzip) extension=.tar.gz media_type=$plain+gzip ;;
	none) extension=.tar media_type=$plain ;;
	esac
	case $compressor:$level in
	*: | zstd:* | gzip:[1-9]) ;;
	gzip:*) usage_error "not a level of gzip: '$level'" ;;
	*) usage_error '--level is for zstd and gzip' ;;
	esac
}

# Whether oci-tar must run: not for a layer, nor for a tar on stdin without options that change it.
is_tar_needed() {
	[ "$is_layer" = no ] || return 1
	[ "$source" != - ] || [ "$follow_base" = yes ] || has_word oci-tar "$@"
}

# The stages from SOURCE to its tar, if any.
tar_stages() {
	if [ "$is_layer" = yes ]; then
		# A signal cannot end a shell that opens a FIFO, but it ends cat.
		if [ -p "$source" ]; then run cat cat -- "file:$source"; else from "file:$source"; fi
	fi
	! is_tar_needed "$@" || read_source "$@"
}

# The stage of oci-tar. When SOURCE is read `again`, it does not repeat its warnings; for `perhaps`, "$@" of
# the script decides.
read_source() {
	case $again$quiet$verbose in
	yesnono) set -- "$@" oci-tar:--quiet ;;
	perhapsnono) set -- "$@" 'sh:"$@"' ;;
	esac
	[ "$follow_base" = no ] || set -- "$@" arg:--base work:base.list
	if [ "$source" = - ]; then
		stage oci-tar arg:--from-tar=- "$@"
	else
		! holds_files || set -- "$@" outputs,once:--exclude-output=.
		stage 'oci-tar outputs' "$@" arg:-- "arg:$source"
	fi
}

# Whether the directory of intermediate files will be inside SOURCE.
holds_files() {
	parent=${TMPDIR:-/tmp}
	# shellcheck disable=SC3013 # POSIX has -ef since 2024, and every shell has it
	until [ "$parent" -ef "$source" ]; do
		# shellcheck disable=SC3013 # as above
		if [ "$parent" -ef / ] || [ ! -d "$parent" ]; then return 1; fi
		parent=$parent/..
	done
}

# The stages from SOURCE to the compressed layer, if any.
layer_stages() {
	tar_stages "$@"
	compress_stages "$@"
}

compress_stages() {
	[ "$compressor" != none ] || return 0
	join "$name.tar"
	case $compressor in
	zstd) stage 'oci-zstd level' "$@" ;;
	zstd:chunked) stage 'oci-zstd level' arg:--chunked "$@" ;;
	# Without the caller's variable GZIP, which would change the bytes.
	gzip) run gzip env -u GZIP gzip -n ${level:+"-$level"} ;;
	*) label=${compressor%%[!A-Za-z0-9_.-]*}; run "${label:-compressor}" sh -c "$compressor" ;;
	esac
}

# store_layer FUNCTION WORD...: stores the layer whose stages FUNCTION writes in the target of the image, and
# its descriptor in `name`.json.
store_layer() {
	descriptor_stages "$@"
	if ! is_stored || ! can_read_again "$@"; then into "work:$name.json"; return; fi
	# After an upload that cannot be repaired, the layer is made once more.
	into "work:$name.json" 75
	[ "$quiet$dry_run" != nono ] ||
		write "say 'warning: the layer is made again, since its upload could not be repaired'"
	again=yes
	descriptor_stages "$@"
	into "work:$name.json"
	end_otherwise
}

descriptor_stages() {
	"$@"
	shift
	join "$name$extension"
	if is_stored; then stage_to_target oci-push-blob "$@"; else stage oci-digest "$@"; fi
}

# stage_to_target 'TOOL [TAG...]' WORD...: one stage that writes to the target of the image, also to several
# registries.
stage_to_target() {
	groups=$1
	shift
	[ -n "$output" ] || groups="$groups TAG"
	stage "$groups" "$@" ${output:+"arg:$output"}
}

is_stored() {
	[ "$plan" = no ] && [ "$push$output" != no ]
}

# Whether SOURCE, and the list of its files, can be read twice.
can_read_again() {
	[ "$source" != - ] || return 1
	[ ! -e "$source" ] || [ -f "$source" ] || [ -d "$source" ] || return 1
	for word do
		case $word in *:--files-from=-) return 1 ;; esac
	done
}

# Sets `target` to the target of the new image: the layout, or the first name.
choose_target() {
	target=${output:-$tag}
	[ -n "$target" ] || usage_error 'no --tag'
	[ "$push$output" != no ] || ! has_word signing "$@" ||
		usage_error 'nothing is pushed that could be signed: neither --push nor --output'
}

# Edits the image lines when an option of oci-config is given.
edit_image() {
	has_word oci-config "$@" || return 0
	join appended.json
	stage oci-config "$@"
}

# Pushes the image lines to the target, or prints the descriptor that the push would print.
push_images() {
	# oci-provenance needs the image lines in a file.
	if [ -n "$pipeline" ] && has_word provenance "$@"; then through work:image.json; fi
	image=$input
	join image.json
	if [ "$plan" = yes ]; then
		set -- "$@" oci-push-manifest:--plan ${known:+"oci-push-manifest:--from=$known"}
	elif ! is_stored; then
		set -- "$@" oci-push-manifest:--dry-run
	fi
	stage_to_target oci-push-manifest "$@"
	! has_word provenance "$@" || state_provenance "$@"
	! has_word signing "$@" || { pipe; stage_to_target oci-sign "$@"; }
	into -
	if ! is_stored && [ "$quiet$dry_run$plan" = nonono ]; then
		write "say 'nothing is stored: neither --push nor --output was given'"
	fi
}
