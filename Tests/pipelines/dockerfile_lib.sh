# shellcheck shell=sh
# Functions for the cases of Dockerfiles, in addition to lib.sh.

# The directory `context`: a file, and a directory with another mode and a file.
make_context() {
	mkdir -p context/sub
	echo file >context/file
	echo a >context/sub/a
	chmod 700 context/sub
}

# build [OPTION...]: builds the Dockerfile on stdin into oci:made:1.
build() {
	rm -rf made
	oci-dockerfile --output oci:made:1 "$@" >build.sh
	shellcheck -s sh -S warning -e SC2034 build.sh >shellcheck.log || fail "shellcheck: $(cat shellcheck.log build.sh)"
	sh build.sh >descriptor
}

# entry PATH: type, mode and owner of PATH in the image.
entry() {
	oci-fetch oci:made:1 | oci-list --no-cache "$1" 2>/dev/null | sed -n "s|^\.$1 type=\([^ ]*\) mode=\([^ ]*\) uid=\([^ ]*\) gid=\([^ ]*\).*|\1 \2 \3:\4|p"
}

# config FILTER: the image's config through jq.
config() {
	oci-fetch --config oci:made:1 | jq -c "$1"
}

# The functions below compare config and tree with buildah's.

# buildah's storage and policy are the case's own.
prepare_buildah() {
	mkdir -p "$HOME/.config/containers"
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$HOME/.config/containers/policy.json"
}

buildah() {
	command buildah --storage-driver vfs --root "$PWD/storage" --runroot "$PWD/run" "$@" >>buildah.log 2>&1
}

# prepare_base DIR: the tree as an image with a PATH, `oci:base:1` and localhost/base:1.
prepare_base() {
	ocinoco build "$1" --from scratch --output oci:base:1 --env PATH=/bin --keep-owner --quiet >descriptor
	ocinoco save oci:base:1 --tag localhost/base:1 >base.tar
	buildah pull docker-archive:base.tar
}

# facts CONFIG TREE: the config and the tree of an image, without times and layers.
facts() {
	jq -S '.config | {User, ExposedPorts, Env, Entrypoint, Cmd, Volumes,
		WorkingDir, Labels, StopSignal, Healthcheck, OnBuild, Shell}
		| del(.Labels["io.buildah.version"])
		| map_values(select(. != null and . != {} and . != [] and . != ""))
		| if .WorkingDir == "/" then del(.WorkingDir) else . end
		| if .Env then .Env -= ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] else . end
		| if .Env then .Env |= sort else . end
		| if .Env == [] then del(.Env) else . end' "$1"
	# The directory of a volume is made by buildah and by nothing else: /v0 to /v9 are volumes. So
	# are files that it mounts on in RUN.
	describe_tree "$2" no-times |
		sed -e "/^b'v[0-9]' 04/d" -e "/^b'etc\/hostname' 100755 0:0 0 /d" -e "/^b'run\/.containerenv' /d"
}

# build_ours DOCKERFILE CONTEXT [OPTION...]: into oci:ours:1, unpacked in ours.tree.
build_ours() {
	file=$1 context=$2
	shift 2
	rm -rf ours ours.tree
	mkdir ours.tree
	oci-dockerfile --quiet --file "$file" --context "$context" --build-arg BASE=oci:base:1 \
		--isolation "${isolation:-chroot}" --output oci:ours:1 "$@" >build.sh 2>ours.err || return
	sh build.sh >descriptor 2>ours.err || return
	oci-fetch --config oci:ours:1 >ours.config
	oci-fetch oci:ours:1 | oci-flatten --from oci:base --from oci:ours | oci-untar ours.tree
	facts ours.config ours.tree >ours.facts
}

# build_theirs DOCKERFILE CONTEXT [OPTION...]: the same by buildah. Its storage has the tree as it
# is, and the config in docker's format, since OCI's has no health checks, shells and triggers.
build_theirs() {
	file=$1 context=$2
	shift 2
	buildah bud --isolation chroot --format docker --layers=false --tag theirs \
		--build-arg BASE=localhost/base:1 --file "$file" "$@" "$context" || return
	jq -r '.[] | select(.names // [] | index("localhost/theirs:latest")) | .id, .layer' \
		storage/vfs-images/images.json >ids
	{ read -r id && read -r layer; } <ids
	facts "storage/vfs-images/$id/=$(printf 'sha256:%s' "$id" | base64 -w 0)" "storage/vfs/dir/$layer" >theirs.facts
}

# build_both DOCKERFILE CONTEXT [OPTION...]: sets the statuses `ours` and `theirs`.
build_both() {
	ours=0 theirs=0
	build_theirs "$@" &
	build_ours "$@" || ours=$?
	wait "$!" || theirs=$?
}

# compare DOCKERFILE CONTEXT [OPTION...]: builds it with both, and compares config and tree. The build
# argument BASE is the name of the image `base` for each.
compare() {
	build_both "$@"
	[ "$ours" -eq 0 ] || fail "status $ours: $(cat ours.err "$1")"
	[ "$theirs" -eq 0 ] || fail "buildah: $(tail -n 5 buildah.log; cat "$1")"
	diff theirs.facts ours.facts || fail "another image than buildah's: $(cat "$1")"
}
