# shellcheck shell=sh
# build: add layers to an image and store the result
# usage: ocinoco build [SOURCE...] --from REF --tag REF...
#                      [--push | --output LAYOUT] [--layer SOURCE:DIR...]
#                      [OPTION...]
#
# Adds SOURCE as a layer to the image REF and prints the descriptor of the
# new image. Each of several SOURCEs becomes a layer, the first one lowest.
# SOURCE is a directory, a file, a layer (a tar, compressed or not), or - for a
# tar on stdin. The content of a file says whether it is a layer. Without
# SOURCE, only the layers of --layer are added, or none. A layer that the image
# already had under its name is neither compressed nor sent again. Without
# --push or --output nothing is stored.
#
# With --file a Dockerfile is built, and SOURCE is the directory that it copies
# from; -n prints the script.
#
# With --provenance a file gets a statement of how the image was built, for
# 'ocinoco sign'.
#
# example:
#   ocinoco build ./dist --from node:22-slim --tag ghcr.io/example/app:1 \
#     --root-dir /app --cmd '["node","server.js"]' --push

compose_build() {
	if [ -n "$file" ]; then compose_dockerfile "$@"; return; fi
	! has_word oci-dockerfile "$@" || usage_error "'$found' needs --file"
	[ -n "$from" ] || usage_error 'no --from'
	case $source_type in '' | layer | file) ;; *) usage_error "not a type of SOURCE: '$source_type'" ;; esac
	has_word signing "$@" || ! has_word password "$@" || usage_error "'$found' needs --sign-key or --sign-command"
	choose_target "$@"
	choose_reuse
	choose_cache
	# A key that cannot be used ends the build before anything is stored.
	! has_word signing "$@" || { stage oci-sign arg:--check "$@"; into -; }
	fetch_images "$@"
	list_base "$@"
	make_layers "$@"
	from work:base.json
	# shellcheck disable=SC2086 # words
	[ -z "$descriptors" ] || stage oci-manifest-append "$@" $descriptors
	edit_image "$@"
	push_images "$@"
}

# Checks --reuse. `known` is the image whose layers are reused, if any.
choose_reuse() {
	choose_compressor "${compress:-zstd}"
	known=${reuse:=auto}
	case $reuse in
	auto)
		known=$target
		# Nothing is reused when nothing is stored, nor with --keep, which keeps every layer.
		if [ "$push$output$plan" = nono ] || [ -n "$keep" ]; then known=; fi
		;;
	no) known= ;;
	*)
		check_reference "$reuse"
		[ -n "$media_type" ] || usage_error '--reuse is for layers of zstd, gzip or none'
		;;
	esac
	[ -n "$media_type" ] || known=
}

# Sets `is_cached`: whether --cache is used: not when nothing is stored, nor
# with --keep.
choose_cache() {
	is_cached=no
	if [ -z "$cache" ] || [ -n "$keep" ] || ! is_stored; then return 0; fi
	is_cached=yes
	# Created before the trees are read, because it may be in one of them.
	write_command mkdir -m 700 -p -- "$cache"
}

# The image whose layers are reused, and the base. With --verify-base-key the
# verified digest is fetched, even when the tag has moved.
fetch_images() {
	if [ -n "$known" ]; then
		[ "$reuse" != auto ] || unheard=-
		stage 'oci-fetch platform' "$@" "arg:$known"
		if [ "$reuse" = auto ]; then beside work:known.json; else into work:known.json; fi
	fi
	if has_word base-key "$@"; then
		stage 'oci-verify base-key' "$@" "arg:$from"
		pipe
		set -- arg:--descriptor "$@"
	fi
	stage 'oci-fetch platform' "$@" "arg:$from"
	into work:base.json
}

# The listing of the base, for --follow-base.
list_base() {
	[ "$follow_base" = yes ] || return 0
	from work:base.json
	stage oci-list "arg:--from=$from" "$@"
	into work:base.list
}

# The layers, the lowest first: those of --layer, and one of each SOURCE.
make_layers() {
	index=0 above=$count descriptors=''
	# Files that are written meanwhile are left out of layers.
	for word in "$@" ${output:+"TAG:$output"}; do
		case $word in
		TAG:oci:*) set -- "$@" "outputs:--exclude-output=${word#TAG:}" ;;
		provenance:*) set -- "$@" "outputs:--exclude-output=${word#*=}" ;;
		esac
	done
	set -- "$@" ${keep:+"outputs:--exclude-output=$keep"} ${cache:+"outputs:--exclude-output=$cache"}
	for word do case $word in LAYER:*) make_layer_at "${word#LAYER:}" "$@" ;; esac; done
	for word do case $word in SOURCE:*) make_layer_of "${word#SOURCE:}" "$@" ;; esac; done
	# Options that no layer has used.
	if [ -n "$descriptors" ]; then unused='top root-dir'; else unused='oci-tar top added'; fi
	[ "$count" -gt 0 ] || ! has_word "$unused" "$@" || usage_error "no SOURCE, and '$found' is for one"
}

# make_layer_at SOURCE:DIR WORD...
make_layer_at() {
	source=${1%:*} directory=${1##*:} is_layer=no
	case $source in '' | - | "$1") directory= ;; esac
	[ -n "$directory" ] || usage_error "not SOURCE:DIR: '$1'"
	shift
	make_lower_layer 'top root-dir' "$@" "oci-tar:--root-dir=$directory"
}

# make_layer_of SOURCE WORD...
make_layer_of() {
	source=$1 name=layer above=$((above - 1))
	shift
	find_layer "$@"
	if [ "$above" -eq 0 ]; then make_layer "$@"; else make_lower_layer top "$@"; fi
}

# make_lower_layer GROUPS WORD...: a layer below that of the last SOURCE, without the options for one of GROUPS.
make_lower_layer() {
	index=$((index + 1)) name=layer.$index left_out=$1
	shift
	for word do
		shift
		is_selected "${word%%:*}" "$left_out" || set -- "$@" "$word"
	done
	make_layer "$@"
}

# The layer of SOURCE: from --cache, or else a known or a new layer.
make_layer() {
	default=zstd again='' descriptors="$descriptors work:$name.json"
	[ "$is_layer" = no ] || default=none
	warn_of_links "$@"
	choose_compressor "${compress:-$default}"
	if [ "$is_cached" = no ] || ! can_read_again "$@"; then make_or_reuse_layer "$@"; return; fi
	read_source arg:--fingerprint "$@"
	through "work:$name.tree"
	cache_stage "$@"
	confirm_stages "$@"
	into "work:$name.json" 1
	again=yes
	make_or_reuse_layer "$@"
	# Stored when the tree is the same as before.
	read_source arg:--fingerprint "$@"
	pipe
	cache_stage arg:--keep "work:$name.json" arg:--before "work:$name.tree" "$@"
	into -
	end_otherwise
}

# oci-reuse with the cache, for layers by this compressor.
cache_stage() {
	maker=$compressor${level:+:$level}
	[ "$is_layer" = no ] || maker=layer:$maker
	stage oci-reuse "arg:--cache=$cache" "arg:--made-by=$maker" "$@"
}

# Passes the descriptor line on when every target has the blob, or gets it from
# another.
confirm_stages() {
	is_stored || return 0
	pipe
	case $reuse in auto | no) ;; *) set -- "$@" "oci-reuse-from:--from=$known" ;; esac
	stage_to_target 'oci-push-blob oci-reuse-from' arg:--reuse "$@"
}

# A known layer with the same tar, or else a new layer.
make_or_reuse_layer() {
	# A layer that is not compressed again needs no oci-reuse: oci-push-blob finds it by its digest.
	if [ -z "$known" ] || ! can_read_again "$@" || [ "$is_layer:$compressor" = yes:none ]; then
		store_layer layer_stages "$@"
		return
	fi
	tar_stages "$@"
	[ -z "$pipeline" ] || pipe
	[ "$compressor" != zstd:chunked ] || set -- "$@" oci-reuse:--chunked
	stage oci-reuse "arg:--media-type=$media_type" "$@" work:known.json
	confirm_stages "$@"
	into "work:$name.json" 1 known.json
	again=${again:-perhaps}
	store_layer layer_stages "$@"
	end_otherwise
}

# Sets `is_layer`: whether SOURCE is a layer, which is used as it is.
# --source-type decides, or else its content.
find_layer() {
	is_layer=no
	case $source_type:$source in file:* | *:-) return 0 ;; esac
	if [ ! -e "$source" ] || [ -d "$source" ] || [ -S "$source" ]; then return 0; fi
	[ -r "$source" ] || die 66 "cannot read '$source'"
	# A pipe can be read only once, so it is treated as a layer.
	if [ -z "$source_type" ] && [ -f "$source" ]; then
		[ "$(oci-digest --sniff <"$source")" != application/octet-stream ] || return 0
	fi
	is_layer=yes
	[ "$follow_base" = no ] || usage_error "--follow-base is not for '$source', which is a layer"
	! has_word oci-tar "$@" ||
		usage_error "'$found' is not for '$source', which is a layer unless --source-type is file"
}

# Warns about directories of the layer that would replace symbolic links of many
# bases. The content of a tar is not checked.
warn_of_links() {
	if [ "$from" = scratch ] || [ "$source" = - ] || [ ! -d "$source" ] || [ "$quiet$follow_base" != nono ]; then return 0; fi
	case "$given " in *' --files-from '*) return 0 ;; esac
	top='' links=''
	for word do case $word in *:--root-dir=*) top=${word#*=} top=/${top#/} ;; esac; done
	for path in bin sbin lib lib32 lib64 libx32 var/run var/lock; do
		case " $* " in *":--exclude=$path "* | *":--exclude=/$path "*) continue ;; esac
		case /$path/ in "${top%/}"/*) below=/$path below=$source${below#"${top%/}"} ;; *) continue ;; esac
		if [ ! -d "$below" ] || [ -L "$below" ]; then continue; fi
		links="$links${links:+, }'/$path'"
	done
	[ -z "$links" ] || say "warning: in many bases a link and in this layer a directory, which would replace it: $links; --follow-base leads through links"
}

# The stage that states how the image was built: its sources, and the options
# that affect it.
state_provenance() {
	pipe
	stated='stated oci-tar level oci-config oci-manifest-append platform'
	set -- "$@" arg:--image "$image"
	for word in $descriptors; do set -- "$@" arg:--layer "$word"; done
	set -- "$@" arg:-- "arg:--from=$from"
	for word do
		case $word in
		TAG:*) word=stated:--tag=${word#*:} ;;
		LAYER:*) word=stated:--layer=${word#*:} ;;
		oci-push-manifest:--annotation=*) word=stated:${word#*:} ;;
		esac
		! is_selected "${word%%:*}" "$stated" || set -- "$@" "arg:${word#*:}"
	done
	[ -z "$compress" ] || set -- "$@" "arg:--compress=$compress"
	[ "$follow_base" = no ] || set -- "$@" arg:--follow-base
	[ -z "$source_type" ] || set -- "$@" "arg:--source-type=$source_type"
	for word do case $word in SOURCE:*) set -- "$@" "arg:${word#*:}" ;; esac; done
	stage 'oci-provenance provenance' "$@"
}

# A Dockerfile becomes a script of its own, which -n prints.
compose_dockerfile() {
	[ "$count" -eq 1 ] || usage_error 'with --file one SOURCE is needed, the directory that is copied from'
	[ "$push" = no ] || [ -n "$tag" ] || usage_error 'no --tag'
	groups='oci-dockerfile file oci-config oci-fetch platform'
	for word do
		shift
		found=${word#*:}
		is_selected "${word%%:*}" "$groups every TAG SOURCE" || usage_error "--file and ${found%%=*} exclude each other"
		case $push:$word in yes:TAG:*) word=arg:--tag=${word#TAG:} ;; esac
		set -- "$@" "$word"
	done
	stage "$groups" "$@" ${output:+"arg:--output=$output"} \
		${reuse:+"arg:--reuse=$reuse"} ${cache:+"arg:--cache=$cache"} "arg:--file=$file" "arg:--context=$first"
	if [ "$dry_run" = yes ]; then dry_run=no; return; fi
	into work:build.sh
	run sh sh work:build.sh
}
