# shellcheck shell=sh
# build: add layers to an image and store the result
# usage: ocinoco build [SOURCE] --from REF --tag REF... [--push | --output LAYOUT]
#                      [--layer SOURCE:DIR...] [OPTION...]
#
# Adds SOURCE as a layer to the image REF and prints the descriptor of the
# new image. SOURCE is a directory, a file, a layer (a tar, compressed or not),
# or - for a tar on stdin. Whether a file is a layer is told by its content.
# Without SOURCE only the layers of --layer are added, or none. A layer that
# the image had under its name before is neither compressed nor sent again.
# Without --push or --output nothing is stored.
#
# With --file the image is what a Dockerfile says, and SOURCE is the directory
# that it copies from; -n prints the script that it stands for.
#
# With --provenance a file says how the image was built: a statement for
# 'ocinoco sign'.
#
# example:
#   ocinoco build ./dist --from node:22-slim --tag ghcr.io/example/app:1 \
#     --root-dir /app --cmd '["node","server.js"]' --push

compose_build() {
	[ "$count" -eq 0 ] || operands 1 'one SOURCE is needed'
	[ "$count:$first" != 1: ] || usage_error 'an empty SOURCE'
	if [ -n "$dockerfile" ]; then
		[ "$count" -eq 1 ] || usage_error 'no SOURCE: with --file it is the directory that is copied from'
		compose_dockerfile "$@"
		return
	fi
	for word do
		case $word in
		oci-dockerfile:*) usage_error "'${word#*:}' needs --file" ;;
		esac
	done
	[ -n "$base" ] || usage_error 'no --from'
	[ -z "$provenance" ] || {
		[ "$plan" = no ] || usage_error '--plan and --provenance exclude each other'
		can_create "$provenance"
	}
	choose_target "$@"
	choose_compressor
	choose_reuse
	source=$first below=$compress
	[ "$count" -eq 0 ] || find_layer "$@"
	above=$compress compress=$below
	fetch_images "$@"
	if [ "$follow_base" = yes ]; then list_base "$@"; else warn_of_links "$@"; fi
	layers_below "$@"
	if [ "$count" -eq 1 ]; then
		source=$first name=layer compress=$above
		choose_compressor
		build_layer "$@"
	elif [ "$index" -eq 0 ] && has_group oci-tar "$@"; then
		usage_error 'no SOURCE, and options that are for one'
	fi
	from work:base.json
	append_layers "$@"
	edit_image "$@"
	push_images "$@"
}

# Checks --reuse. `known` is the image whose layers are looked at, if any.
choose_reuse() {
	case $reuse in
	auto)
		# Nothing is asked for where nothing is stored, or where every file is wanted.
		if [ "$push$output$plan" = nono ] || [ -n "$keep" ]; then reuse=no; fi
		known=$target
		;;
	no) ;;
	*)
		check_reference "$reuse"
		[ -n "$media_type" ] || usage_error '--reuse is for layers of zstd, gzip or none'
		known=$reuse
		;;
	esac
	if [ "$reuse" = no ] || [ -z "$media_type" ]; then known=; fi
}

# The base, and the image whose layers are looked at.
fetch_images() {
	case $known:$reuse in
	:*) ;;
	*:auto)
		unheard=-
		stage 'oci-fetch platform' "$@" "arg:$known"
		unheard=
		beside work:known.json
		;;
	*)
		stage 'oci-fetch platform' "$@" "arg:$known"
		into work:known.json
		;;
	esac
	fetch_base "$@"
}

# The layers of --layer, numbered by `index`. What is for SOURCE alone is not for them.
layers_below() {
	index=0 is_above=$is_layer is_layer=no
	for word do
		shift
		case $word in
		oci-tar:--root-dir=* | oci-tar:--files-from=* | oci-tar:--null) ;;
		oci-tar:--whiteout=* | oci-tar:--opaque=*) ;;
		*) set -- "$@" "$word" ;;
		esac
	done
	for word do
		case $word in layer:*) ;; *) continue ;; esac
		word=${word#layer:}
		case $word in
		-:* | :* | *:) usage_error "not SOURCE:DIR: '$word'" ;;
		*:*) ;;
		*) usage_error "not SOURCE:DIR: '$word'" ;;
		esac
		index=$((index + 1)) name=layer.$index source=${word%:*}
		build_layer "$@" "oci-tar:--root-dir=${word##*:}"
	done
	is_layer=$is_above
}

# The layer of SOURCE: a known one that it already is, or else a new one.
build_layer() {
	for word in "$@" "tag:$output" "keep:$keep"; do
		case $word in
		keep:?*) path=${word#keep:} ;;
		tag:oci:*) find_directory "${word#tag:oci:}" ;;
		*) continue ;;
		esac
		! is_in_source "$path" || set -- "$@" "oci-tar:--exclude=$pattern"
	done
	[ "$dockerignore" = no ] || [ ! -e "$source/.dockerignore" ] ||
		set -- "$@" "oci-tar:--exclude-from=$source/.dockerignore"
	# A layer that is stored as it is, oci-push-blob looks for by its digest.
	if [ -z "$known" ] || ! can_read_again "$@" || [ "$is_layer:$compress" = yes:none ]; then
		store_layer layer_stages "$@"
		return
	fi
	tar_stages "$@"
	[ -z "$pipeline" ] || pipe
	stage oci-reuse "arg:--media-type=$media_type" "$@" work:known.json
	if is_stored; then
		pipe
		[ "$reuse" = auto ] || set -- "$@" "oci-reuse-from:--from=$known"
		stage 'oci-push-blob oci-reuse-from' arg:--reuse "$@" "arg:$target"
	fi
	into "work:$name.json" 1
	store_layer layer_stages "$@"
	end_otherwise
}

append_layers() {
	[ "$index$count" != 00 ] || return 0
	while [ "$appended" -lt "$index" ]; do
		appended=$((appended + 1))
		set -- "$@" "work:layer.$appended.json"
	done
	[ "$count" -eq 0 ] || set -- "$@" work:layer.json
	stage oci-manifest-append "$@"
}

# A Dockerfile is a script of its own.
compose_dockerfile() {
	[ -z "$base" ] || usage_error "'--from' has no meaning with '--file': the Dockerfile says it"
	[ "$compress_given$keep$source_type" = no ] ||
		usage_error "'--compress', '--keep' and '--source-type' have no meaning with '--file'"
	[ "$plan$dockerignore$follow_base$provenance" = nonono ] ||
		usage_error "'--plan', '--dockerignore', '--follow-base' and '--provenance' have no meaning with '--file'"
	[ -z "$output" ] || [ "$push" = no ] || usage_error '--push and --output exclude each other'
	for word do
		case $push:$word in
		*:oci-tar:--mtime=*) set -- "$@" "arg:${word#*:}" ;;
		*:layer:*) usage_error "'--layer' has no meaning with '--file'" ;;
		*:oci-tar:* | *:level:* | *:oci-manifest-append:* | *:oci-push-manifest:*)
			word=${word#*:}
			usage_error "'${word%%=*}' has no meaning with '--file'"
			;;
		yes:tag:*) set -- "$@" "arg:--tag=${word#*:}" ;;
		esac
	done
	[ -z "$output" ] || set -- "$@" "arg:--output=$output"
	[ "$push" = no ] || [ -n "$first_tag" ] || usage_error 'no --tag'
	[ "$reuse" = auto ] || set -- "$@" "arg:--reuse=$reuse"
	set -- "$@" "arg:--file=$dockerfile" "arg:--context=$first"
	if [ "$printing" = yes ]; then
		print_dockerfile "$@"
		exit
	fi
	stage 'oci-dockerfile oci-config oci-fetch platform' "$@"
	into work:build.sh
	run sh sh work:build.sh
	into -
}

# Prints the script instead of the pipeline that makes it.
print_dockerfile() {
	left=$#
	while [ "$left" -gt 0 ]; do
		word=$1
		shift
		left=$((left - 1))
		if is_selected "${word%%:*}" 'arg oci-dockerfile oci-config oci-fetch platform every'; then
			set -- "$@" "${word#*:}"
		fi
	done
	oci-dockerfile "$@"
}

# Whether SOURCE is a layer, which is used as it is: by --source-type, else by its content.
find_layer() {
	if [ "$source" = - ] || [ ! -e "$source" ] || [ -d "$source" ]; then return 0; fi
	[ -r "$source" ] || die 66 "cannot read '$source'"
	case $source_type in
	file) return ;;
	layer) ;;
	'')
		# What is no regular file, as a pipe, is read but once.
		if [ -f "$source" ]; then
			media_type=$(oci-digest --sniff <"$source")
			[ "$media_type" != application/octet-stream ] || return 0
		fi
		;;
	*) usage_error "not a type of SOURCE: '$source_type'" ;;
	esac
	is_layer=yes
	[ "$compress_given" = yes ] || compress=none
	for word do
		case $word in
		oci-tar:*)
			word=${word#*:}
			usage_error "'${word%%=*}' is not for '$source', which is a layer unless --source-type is file"
			;;
		esac
	done
}

# With --verify-base-key what was verified is fetched, whatever the tag stands for then.
fetch_base() {
	verified=
	for word do
		shift
		case $word in
		base-key*:--verify-base-key=*)
			word=${word%%:*}:--verify-key=${word#*:--verify-base-key=} verified=arg:--descriptor
			;;
		esac
		set -- "$@" "$word"
	done
	[ -z "$verified" ] || {
		stage 'oci-verify base-key' "$@" "arg:$base"
		pipe
	}
	stage 'oci-fetch platform' ${verified:+"$verified"} "$@" "arg:$base"
	into work:base.json
}

# What the base holds, for --follow-base.
list_base() {
	[ "$is_layer" = no ] || usage_error "--follow-base is not for '$source', which is a layer"
	from work:base.json
	stage oci-list "arg:--from=$base" "$@"
	into work:base.list
}

# Warns of directories at the top of the layer which many bases have as links, that it would replace.
warn_of_links() {
	if [ "$base" = scratch ] || [ ! -d "$source" ] || [ "$quiet" = yes ]; then return 0; fi
	for word do
		case $word in oci-tar:--root-dir=* | oci-tar:--files-from=*) return 0 ;; esac
	done
	for path in bin sbin lib lib32 lib64 libx32 var/run var/lock; do
		if [ ! -d "$source/$path" ] || [ -L "$source/$path" ]; then continue; fi
		say "warning: '/$path' is a link in many bases, which the layer would replace by a directory; --follow-base leads through it"
		return
	done
}

# Sets `path` to the directory of DIR[:TAG][@DIGEST].
find_directory() {
	path=${1%@sha[0-9]*:*}
	case ${path##*/} in *:*) path=${path%:*} ;; esac
}
