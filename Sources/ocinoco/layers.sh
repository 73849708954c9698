# shellcheck shell=sh
# What several commands write: the stages of a layer, and those of an image.

# Checks --compress and --level. `extension` is what the layer's name ends in.
choose_compressor() {
	extension='' media_type=
	case $compress in
	zstd) extension=.tar.zst media_type=application/vnd.oci.image.layer.v1.tar+zstd ;;
	# Its media type is that of plain zstd, so no layer is reused.
	zstd:chunked) extension=.tar.zst ;;
	gzip) extension=.tar.gz media_type=application/vnd.oci.image.layer.v1.tar+gzip ;;
	none) extension=.tar media_type=application/vnd.oci.image.layer.v1.tar ;;
	'') usage_error 'no command for --compress' ;;
	esac
	case $compress:$level in
	*: | zstd:* | gzip:[1-9]) ;;
	gzip:*) usage_error "not a level of gzip: '$level'" ;;
	*) usage_error '--level is for zstd and gzip' ;;
	esac
}

# A tar on stdin is a layer as it is, unless options say what is to become of it.
is_tar_needed() {
	[ "$is_layer" = no ] || return 1
	[ "$source" != - ] || [ "$follow_base" = yes ] || has_group oci-tar "$@"
}

# The stages from SOURCE to its tar, of which there may be none.
tar_stages() {
	if [ "$is_layer" = yes ]; then from "file:$source"; fi
	is_tar_needed "$@" || return 0
	list=${follow_base#no}
	if [ "$source" = - ]; then
		stage oci-tar arg:--from-tar=- "$@" ${list:+arg:--base work:base.list}
	else
		stage oci-tar "$@" ${list:+arg:--base work:base.list} arg:-- "arg:$source"
	fi
}

# The stages from SOURCE to the compressed layer, of which there may be none.
layer_stages() {
	tar_stages "$@"
	compress_stages "$@"
}

# The compressor, with a copy of what it reads for --keep.
compress_stages() {
	[ "$compress" != none ] || return 0
	if [ -n "$keep" ] && [ "$is_layer" = no ]; then keep_copy "$name.tar"; fi
	[ -z "$pipeline" ] || pipe
	case $compress in
	zstd) stage 'oci-zstd level' "$@" ;;
	zstd:chunked) stage 'oci-zstd level' arg:--chunked "$@" ;;
	# What the variable GZIP says is not for this one.
	gzip) run gzip env -u GZIP gzip -n ${level:+"-$level"} ;;
	*)
		label=${compress%%[!A-Za-z0-9_.-]*}
		run "${label:-compressor}" sh -c "$compress"
		;;
	esac
}

# store_layer FUNCTION WORD...: FUNCTION writes the stages of a layer; its descriptor goes to `name`.json,
# and the layer to where the image goes.
store_layer() {
	descriptor_stages "$@"
	if ! is_stored || ! can_read_again "$@"; then
		into "work:$name.json"
		return
	fi
	# An upload that cannot be repaired is made once more of what is still there.
	into "work:$name.json" 75
	[ "$quiet$printing" != nono ] ||
		write "say 'warning: the layer is made again, since its upload could not be repaired'"
	descriptor_stages "$@"
	into "work:$name.json"
	end_otherwise
}

descriptor_stages() {
	"$@"
	shift
	[ -z "$keep" ] || keep_copy "$name$extension"
	[ -z "$pipeline" ] || pipe
	if is_stored && [ -z "$output" ]; then
		# One reading for every registry.
		stage 'oci-push-blob tag' "$@"
	elif is_stored; then
		stage oci-push-blob "$@" "arg:$target"
	else
		stage oci-digest "$@"
	fi
}

is_stored() {
	[ "$plan" = no ] && [ "$push$output" != no ]
}

# Whether SOURCE, and what says which of its files count, can be read twice.
can_read_again() {
	[ "$source" != - ] || return 1
	if [ -e "$source" ] && [ ! -f "$source" ] && [ ! -d "$source" ]; then return 1; fi
	for word do
		case $word in
		oci-tar:--files-from=-) return 1 ;;
		oci-tar:--files-from=*)
			word=${word#*=}
			if [ -e "$word" ] && [ ! -f "$word" ]; then return 1; fi
			;;
		esac
	done
}

# Where the new image goes, of which the first name tells where its layer is looked for.
choose_target() {
	[ -z "$output" ] || [ "$push" = no ] || usage_error '--push and --output exclude each other'
	[ -n "$output$first_tag" ] || usage_error 'no --tag'
	if [ -n "$output" ]; then target=$output; else target=$first_tag; fi
	[ "$push$output" != no ] || ! has_group signing "$@" ||
		usage_error 'nothing is pushed that could be signed: neither --push nor --output'
}

# Edits the image lines at hand, where an option says how.
edit_image() {
	has_group oci-config "$@" || return 0
	join_image appended.json
	stage oci-config "$@"
}

# The next stage reads the image lines at hand, of which --keep has a copy in the file NAME.
join_image() {
	[ -n "$pipeline" ] || return 0
	if [ -n "$keep$provenance" ]; then
		into "work:$1"
		from "work:$1"
	else
		pipe
	fi
}

# Pushes the image lines to where the new image goes, or prints what the push would give.
push_images() {
	join_image image.json
	image=$input
	[ "$plan" = no ] ||
		set -- "$@" oci-push-manifest:--plan ${known:+"oci-push-manifest:--from=$known"}
	if [ -n "$output" ]; then
		stage oci-push-manifest "$@" "arg:$output"
	elif [ "$push$plan" != nono ]; then
		stage 'oci-push-manifest tag' "$@"
	else
		stage 'oci-push-manifest tag' arg:--dry-run "$@"
	fi
	if has_group signing "$@"; then
		pipe
		stage oci-sign "$@" "arg:$target"
	fi
	[ -z "$provenance" ] || write_provenance "$@"
	into -
	if [ "$push$output$quiet$printing$plan" = nononono ]; then
		write "say 'nothing is stored: neither --push nor --output was given'"
	fi
}

# Writes how the image was built to --provenance, once it is pushed: what was asked for, without what makes no
# difference to the image.
write_provenance() {
	into work:pushed.json
	from work:pushed.json
	set -- "$@" arg:--image "$image"
	appended=0
	while [ "$appended" -lt "$index" ]; do
		appended=$((appended + 1))
		set -- "$@" arg:--layer "work:layer.$appended.json"
	done
	[ "$count" -eq 0 ] || set -- "$@" arg:--layer work:layer.json
	set -- "$@" arg:-- "arg:--from=$base"
	for word do
		case $word in
		tag:*) set -- "$@" "arg:--tag=${word#*:}" ;;
		layer:*) set -- "$@" "arg:--layer=${word#*:}" ;;
		oci-push-manifest:--annotation=*) set -- "$@" "arg:${word#*:}" ;;
		*)
			is_selected "${word%%:*}" 'oci-tar level oci-config oci-manifest-append platform' || continue
			set -- "$@" "arg:${word#*:}"
			;;
		esac
	done
	[ "$compress_given" = no ] || set -- "$@" "arg:--compress=$compress"
	[ "$follow_base" = no ] || set -- "$@" arg:--follow-base
	[ "$dockerignore" = no ] || set -- "$@" arg:--dockerignore
	[ -z "$source_type" ] || set -- "$@" "arg:--source-type=$source_type"
	[ "$count" -eq 0 ] || set -- "$@" "arg:$first"
	stage oci-provenance "$@"
	into_whole "$provenance"
	run cat cat work:pushed.json
}

# into_whole OUT: the last stage writes OUT, which gets its name only when it is whole, unless it is a link, pipe
# or device.
into_whole() {
	if [ ! -L "$1" ]; then
		if [ ! -e "$1" ] || [ -f "$1" ]; then part=part:$1; fi
	fi
	# The new name is no link that somebody put there.
	[ -z "$part" ] || write 'set -C'
	into "${part:-file:$1}"
	[ -n "$part" ] || return 0
	run mv mv -f -- "$part" "file:$1"
	into -
}

# Ends when OUT cannot be made.
can_create() {
	[ "$printing" = no ] || return 0
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

# Whether PATH is or will be inside the directory SOURCE, as tar asks of its archive. Then `pattern` is what
# oci-tar leaves it out by.
is_in_source() {
	if [ "$source" = - ] || [ ! -d "$source" ]; then return 1; fi
	directory=$1 inside=
	while [ ! -d "$directory" ]; do
		# Of several directories that are not there yet, the uppermost.
		inside=/${directory##*/}
		case $directory in
		*/*) directory=${directory%/*}/ ;;
		*) directory=. ;;
		esac
		directory=${directory%"${directory##*[!/]}"}
		directory=${directory:-/}
	done
	top=$(CDPATH='' cd -P -- "$source" && pwd -P && echo .) || return 1
	inside=$(CDPATH='' cd -P -- "$directory" && pwd -P && echo .)$inside || return 1
	top=${top%"$newline".}
	inside=${inside%%"$newline".*}${inside#*"$newline".}
	[ "$inside" != "$top" ] || usage_error "'$1' is SOURCE itself, not a place for what is made of it"
	case $inside in
	"${top%/}"/*) ;;
	*) return 1 ;;
	esac
	[ "$quiet$printing" != nono ] || say "warning: '$1' is inside '$source' and left out of the layer"
	pattern=$(printf '%s.' "${inside#"${top%/}"}" | sed 's/[][*?\\]/\\&/g')
	pattern=${pattern%.}
}
