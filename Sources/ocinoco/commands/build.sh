# shellcheck shell=sh
# build: add a layer to an image and store the result
# usage: ocinoco build SOURCE --from REF --tag REF... [--push | --output LAYOUT]
#                      [OPTION...]
#
# Adds SOURCE as a layer to the image REF and prints the descriptor of the
# new image. SOURCE is a directory, a file, a layer (a tar, compressed or not),
# or - for a tar on stdin. Whether a file is a layer is told by its content.
# Without --push or --output nothing is stored.
#
# example:
#   ocinoco build ./dist --from node:22-slim --tag ghcr.io/example/app:1 \
#     --root-dir /app --cmd '["node","server.js"]' --push

compose_build() {
	operands 1 'one SOURCE is needed'
	[ -n "$first" ] || usage_error 'an empty SOURCE'
	source=$first
	[ -n "$base" ] || usage_error 'no --from'
	choose_target
	find_layer "$@"
	choose_compressor
	for word in "$@" "tag:$output" "keep:$keep"; do
		case $word in
		keep:?*) path=${word#keep:} ;;
		tag:oci:*) find_directory "${word#tag:oci:}" ;;
		*) continue ;;
		esac
		! is_in_source "$path" || set -- "$@" "oci-tar:--exclude=$pattern"
	done
	fetch_base "$@"
	layer_stages "$@"
	store_layer "$@"
	from work:base.json
	stage oci-manifest-append "$@" work:layer.json
	edit_image "$@"
	push_images "$@"
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

fetch_base() {
	stage 'oci-fetch platform' "$@" "arg:$base"
	into work:base.json
}

# Sets `path` to the directory of DIR[:TAG][@DIGEST].
find_directory() {
	path=${1%@sha[0-9]*:*}
	case ${path##*/} in *:*) path=${path%:*} ;; esac
}
