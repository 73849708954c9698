# What README says about peers that are installed here is tried, cell by cell where possible.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# The table's cell for a peer, in the row that begins with a text.
cell() {
	awk -F ' *[|] *' -v peer="$1" -v row="$2" '
	/^\| \| ocinoco/ { column = 0; for (i = 2; i <= NF; i++) if ($i == peer) column = i }
	column && index($2, row) == 1 { print $column; exit }' "$ROOT/README.md"
}

# says PEER ROW COMMAND...: the cell is `no` if COMMAND fails, and something else if it succeeds.
says() {
	peer=$1 row=$2 status=0
	shift 2
	"$@" >>peers.log 2>&1 || status=$?
	found=$(cell "$peer" "$row")
	echo "$peer: $row: $found"
	case $found:$status in
	'':*) fail "no cell of '$peer' in the row '$row'" ;;
	no:0) fail "'$peer' does it: $row" ;;
	no:* | *:0) ;;
	*) fail "'$peer' does not do it: $row: $(tail -n 5 peers.log)" ;;
	esac
}

# same COMMAND...: succeeds if it prints the same twice, at different times.
same() {
	first=$("$@" 1)
	sleep 1.1
	[ -n "$first" ] && [ "$first" = "$("$@" 2)" ]
}

mkdir -p "$HOME/.config/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$HOME/.config/containers/policy.json"
make_dist
mkdir context
cp "$(command -v busybox)" context/busybox
cat >context/Dockerfile <<'END'
FROM scratch
COPY busybox /bin/sh
RUN echo made >/made
END
layer_type() { jq -r '.layers[-1].mediaType' "$1/blobs/sha256/$(jq -r '.manifests[-1].digest[7:]' "$1/index.json")"; }

buildah_here() {
	buildah --storage-driver vfs --root "$PWD/storage" --runroot "$PWD/run" "$@"
}
bud() { buildah_here bud --isolation chroot --layers -t "$1" context; }
bud_again() { bud two | grep -q 'Using cache'; }
commit() {
	container=$(buildah_here from scratch)
	{
		buildah_here copy --quiet "$container" dist /
		buildah_here commit --quiet --timestamp 0 "$container" "made$1"
		buildah_here push --quiet "made$1" "oci:pushed$1:1"
	} >>peers.log
	jq -r '.manifests[].digest' "pushed$1/index.json"
}
zstd_push() {
	buildah_here push --quiet --compression-format zstd made1 oci:zstd:1
	[ "$(layer_type zstd)" = application/vnd.oci.image.layer.v1.tar+zstd ]
}
join() {
	buildah_here manifest create list
	buildah_here manifest add list made1
	buildah_here manifest inspect list | jq -e '.manifests | length == 1'
}
by_hand() {
	container=$(buildah_here from one)
	echo more >"$(buildah_here mount "$container")/more"
	buildah_here commit --quiet "$container" changed
}
rebase_help() { "$@" --help | grep -iE '^ *rebase'; }
# Commands of a user for whom no user namespace can be created.
mkdir -m 777 user
chmod a+x . .. ../..
alone() {
	cp -r dist user/
	(cd user && exec setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$PWD" strace -f -qq -o trace \
		-e trace=unshare,clone -e inject=unshare:error=EPERM "$@")
}

says buildah 'runs programs' bud one
says buildah 'keeps the steps' bud_again
says buildah 'works without' bud one
says buildah 'without root or user' alone buildah --storage-driver vfs --root storage --runroot run from scratch
says buildah 'the same files' same commit
says buildah 'zstd layers' zstd_push
says buildah 'several platforms' join
says buildah 'a newer base' rebase_help buildah
says buildah 'unpack, change' by_hand

new_image() { umoci init --layout "$1" && umoci new --image "$1:1"; }
repack() {
	new_image "umoci$1"
	umoci config --image "umoci$1:1" --no-history --created 2020-01-01T00:00:00Z
	umoci unpack --image "umoci$1:1" "bundle$1" && cp dist/server.js "bundle$1/rootfs/" &&
		touch -d @0 "bundle$1/rootfs/server.js" "bundle$1/rootfs"
	umoci repack --image "umoci$1:1" --no-history "bundle$1"
	umoci config --image "umoci$1:1" --no-history --created 2020-01-01T00:00:00Z
	jq -r '.manifests[].digest' "umoci$1/index.json"
}
repack_quietly() { repack "$1" 2>>peers.log; }
alone_umoci() {
	alone sh -c 'umoci init --layout l && umoci new --image l:1 && umoci unpack --rootless --image l:1 b'
}
umoci_zstd() { umoci repack --help | grep -i zstd; }
umoci_index() { umoci --help | grep -iE 'index|platform|manifest list'; }
umoci_run() { umoci --help | grep -E '^ +run'; }
says umoci 'runs programs' umoci_run
says umoci 'keeps the steps' umoci_run
says umoci 'works without' new_image daemonless
says umoci 'without root or user' alone_umoci
says umoci 'the same files' same repack_quietly
says umoci 'zstd layers' umoci_zstd
says umoci 'several platforms' umoci_index
says umoci 'a newer base' rebase_help umoci
says umoci 'unpack, change' repack 3

recompress() {
	skopeo copy --dest-compress-format zstd oci:pushed1:1 oci:recompressed:1
	[ "$(layer_type recompressed)" = application/vnd.oci.image.layer.v1.tar+zstd ]
}
alone_skopeo() {
	cp -r pushed1 user/
	alone skopeo --insecure-policy copy oci:pushed1:1 oci:copied:1
}
all() {
	oci-fetch --platform linux/arm64 oci:pushed1:1 >arm64 2>>peers.log ||
		oci-fetch oci:pushed1:1 | oci-config --platform linux/arm64 >arm64
	oci-fetch oci:pushed1:1 | cat - arm64 | oci-push-manifest --from oci:pushed1 oci:both:1
	skopeo copy --all oci:both:1 oci:both-copied:1
}
says skopeo 'works without' skopeo copy oci:pushed1:1 oci:copied:1
says skopeo 'without root or user' alone_skopeo
says skopeo 'zstd layers' recompress
says skopeo 'several platforms' all
says skopeo 'a newer base' rebase_help skopeo

# The column of this toolkit.
busybox_image() {
	ocinoco build --file context/Dockerfile context --isolation chroot --output oci:own:1
}
own() {
	ocinoco build dist --from scratch --output "oci:own$1:1" | jq -r .digest
}
newer() {
	start_registry plain
	oci-fetch scratch | oci-push-manifest "$registry/base:1"
	ocinoco build dist --from "$registry/base:1" --tag "$registry/app:1" --push
	oci-fetch "$registry/base:1" | oci-config --label new=yes | oci-push-manifest "$registry/base:1"
	ocinoco rebase "$registry/app:1"
	oci-fetch --config "$registry/app:1" | jq -e '.config.Labels.new == "yes"'
}
by_own_hand() {
	ocinoco unpack oci:own3:1 own-bundle
	echo more >own-bundle/rootfs/more
	ocinoco repack own-bundle --output oci:own-changed:1
}
platforms() {
	for architecture in amd64 arm64; do oci-fetch scratch --platform "linux/$architecture"; done |
		oci-push-manifest oci:platforms:1
}
alone_own() {
	alone sh -c 'oci-tar dist | oci-zstd | oci-push-blob oci:l >layer && oci-fetch scratch |
		oci-manifest-append layer | oci-push-manifest oci:l:1'
}
own_program() {
	tar -C dist -c . | gzip -n | oci-push-blob oci:swapped >swapped.json
}
own_zstd() {
	own 4 && [ "$(layer_type own4)" = application/vnd.oci.image.layer.v1.tar+zstd ]
}
says ocinoco 'runs programs' busybox_image
says ocinoco 'works without' own 3
says ocinoco 'without root or user' alone_own
says ocinoco 'the same files' same own
says ocinoco 'zstd layers' own_zstd
says ocinoco 'several platforms' platforms
says ocinoco 'a newer base' newer
says ocinoco 'unpack, change' by_own_hand
says ocinoco 'each step can be' own_program
