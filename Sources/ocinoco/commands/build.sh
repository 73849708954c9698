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
# With --file the image is what a Dockerfile says, and SOURCE is the directory
# that it copies from; -n prints the script that it stands for.
#
# example:
#   ocinoco build ./dist --from node:22-slim --tag ghcr.io/example/app:1 \
#     --root-dir /app --cmd '["node","server.js"]' --push

compose_build() {
	operands 1 'one SOURCE is needed'
	[ -n "$first" ] || usage_error 'an empty SOURCE'
	if [ -n "$dockerfile" ]; then
		compose_dockerfile "$@"
		return
	fi
	source=$first
	for word do
		case $word in
		oci-dockerfile:*) usage_error "'${word#*:}' needs --file" ;;
		esac
	done
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

# A Dockerfile is a script of its own.
compose_dockerfile() {
	[ -z "$base" ] || usage_error "'--from' has no meaning with '--file': the Dockerfile says it"
	[ "$compress_given$keep$source_type" = no ] ||
		usage_error "'--compress', '--keep' and '--source-type' have no meaning with '--file'"
	[ -z "$output" ] || [ "$push" = no ] || usage_error '--push and --output exclude each other'
	for word do
		case $push:$word in
		*:oci-tar:--mtime=*) set -- "$@" "arg:${word#*:}" ;;
		*:oci-tar:* | *:oci-manifest-append:* | *:oci-push-manifest:*)
			word=${word#*:}
			usage_error "'${word%%=*}' has no meaning with '--file'"
			;;
		yes:tag:*) set -- "$@" "arg:--tag=${word#*:}" ;;
		esac
	done
	[ -z "$output" ] || set -- "$@" "arg:--output=$output"
	[ "$push" = no ] || [ -n "$first_tag" ] || usage_error 'no --tag'
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

fetch_base() {
	stage 'oci-fetch platform' "$@" "arg:$base"
	into work:base.json
}

# Sets `path` to the directory of DIR[:TAG][@DIGEST].
find_directory() {
	path=${1%@sha[0-9]*:*}
	case ${path##*/} in *:*) path=${path%:*} ;; esac
}
