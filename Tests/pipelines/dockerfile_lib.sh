# shellcheck shell=sh
# Functions for the cases of Dockerfiles, in addition to lib.sh: comparisons of config and tree with buildah.

# buildah's storage and policy are the case's own.
prepare_buildah() {
	mkdir -p "$HOME/.config/containers"
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$HOME/.config/containers/policy.json"
}

buildah() {
	command buildah --storage-driver vfs --root "$PWD/storage" --runroot "$PWD/run" "$@" >>buildah.log 2>&1
}

# facts REF CONFIG: the config and the tree of an image, without times and layers.
facts() {
	jq -S '.config | {User, ExposedPorts, Env, Entrypoint, Cmd, Volumes,
		WorkingDir, Labels, StopSignal, Healthcheck, OnBuild, Shell}
		| del(.Labels["io.buildah.version"])
		| map_values(select(. != null and . != {} and . != [] and . != ""))
		| if .WorkingDir == "/" then del(.WorkingDir) else . end
		| if .Env then .Env -= ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] else . end
		| if .Env == [] then del(.Env) else . end' "$2"
	oci-fetch "$1" | oci-list --digests --no-cache |
		sed -e '/^#/d' -e '/^\.\/v[0-9] /d' -e '/^\. /d' -e 's/ time=[^ ]*//' -e 's/ tags=[^ ]*//' -e 's/ inode=[^ ]*//'
}

# compare DOCKERFILE CONTEXT [OPTION...]: builds it with both, and compares config and tree. The build
# argument BASE is the name of the image `base` for each.
compare() {
	file=$1 context=$2
	shift 2
	rm -rf ours theirs theirs.docker
	oci-dockerfile --quiet --file "$file" --context "$context" --build-arg BASE=oci:base:1 \
		--output oci:ours:1 "$@" >build.sh ||
		fail "oci-dockerfile: $(cat "$file")"
	sh build.sh >/dev/null || fail "the script: $(cat build.sh)"
	buildah bud --isolation chroot --format docker --layers=false --tag theirs \
		--build-arg BASE=localhost/base:1 --file "$file" "$@" "$context" ||
		fail "buildah: $(tail -n 5 buildah.log)"
	buildah push --format oci theirs oci:theirs:1 || fail "buildah push: $(tail -n 3 buildah.log)"
	buildah push --format docker theirs dir:theirs.docker || fail "buildah push: $(tail -n 3 buildah.log)"
	oci-fetch --config oci:ours:1 >ours.config
	facts oci:ours:1 ours.config >ours.facts
	# buildah's OCI format has no health checks, shells and triggers.
	config=$(jq -r '.config.digest | split(":")[1]' theirs.docker/manifest.json)
	facts oci:theirs:1 "theirs.docker/$config" >theirs.facts
	diff theirs.facts ours.facts || fail "another image than buildah's: $(cat "$file")"
}
