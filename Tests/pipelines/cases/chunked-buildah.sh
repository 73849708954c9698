# zstd:chunked with the reader that the format comes from: buildah pulls parts of layers, and not the files that it has.
#
# Debian's buildah (containers/storage 1.43) knows the annotations by their older names.
# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir lower upper work merged
if ! mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged 2>mount.err; then
	echo "not run, since overlays cannot be mounted here: $(cat mount.err)"
	exit 0
fi
umount merged

cat >storage.conf <<END
[storage]
driver = "overlay"
runroot = "$PWD/run"
graphroot = "$PWD/storage"
[storage.options]
pull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = ""}
END
export CONTAINERS_STORAGE_CONF="$PWD/storage.conf"

# push TREE TAG
push() {
	oci-tar "$1" | oci-zstd --chunked | oci-push-blob "$registry/example/app" >layer.json
	oci-fetch scratch | oci-manifest-append layer.json |
		jq -c '.layers[].annotations |= with_entries(.key |= sub("io.github.containers"; "io.containers"))' |
		oci-push-manifest "$registry/example/app:$2" >pushed.json
}

# pulls TREE TAG: buildah has the tree and never asked for a whole layer.
pulls() {
	image=$registry/example/app:$2
	buildah --log-level debug pull --tls-verify=false "docker://$image" >pulled 2>buildah.log
	grep -q 'Retrieved partial blob' buildah.log || fail "nothing partial: $(tail -n 20 buildah.log)"
	container=$(buildah from --pull-never "$image")
	root=$(buildah mount "$container")
	diff -r --no-dereference "$1" "$root"
	sed -n 's/.*msg="Missing \([0-9]*\) bytes.*/\1/p' buildah.log >missing
}

start_registry plain
make_dist
head -c 3000000 /dev/urandom >dist/random
seq 1 300000 >dist/many
: >dist/empty
mkdir dist/directory
push dist 1
pulls dist 1
[ "$(cat missing)" -gt 5000000 ] || fail "missing: $(cat missing)"

echo changed >dist/lib/data
echo new >dist/new
push dist 2
pulls dist 2
[ "$(cat missing)" -lt 1000 ] || fail "missing after a small change: $(cat missing)"

buildah umount --all >unmounted
buildah rm --all >removed
buildah rmi --all >removed
