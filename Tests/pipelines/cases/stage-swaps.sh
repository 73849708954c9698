# Every stage can be replaced: each is replaced once by another program, and the image runs.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist

# The rest of the pipeline from the layer on.
finish_image() {
	oci-fetch "$registry/example/base:latest" | oci-manifest-append "$1" |
		oci-config --cmd '["node","server.js"]' | oci-push-manifest "$registry/example/$2:latest" >pushed.json
	check_image "$2"
}

check_image() {
	unpack_image "$registry/example/$1:latest" root
	run_image root >printed
	printf '%s\n' 'served by 0:0 in /app' 'data of the app' | diff - printed
}

# oci-tar: GNU tar and bsdtar, in their formats.
mkdir tree
cp -a dist tree/app
for format in gnu pax ustar; do
	tar --format=$format --owner=0 --group=0 --sort=name -C tree -cf - app | oci-zstd | oci-push-blob "$registry/example/tar-$format" >layer.json
	finish_image layer.json "tar-$format"
done
for format in gnutar pax ustar; do
	bsdtar --format=$format --uid 0 --gid 0 -C tree -cf - app | oci-zstd | oci-push-blob "$registry/example/bsdtar-$format" >layer.json
	finish_image layer.json "bsdtar-$format"
done

# oci-zstd: the diffID does not depend on the compressor.
oci-tar dist --root-dir /app >layer.tar
for compressor in oci-zstd 'oci-zstd --no-trailer' 'zstd -q' 'zstd -q -19 -T0' gzip 'gzip -n -9' pigz cat; do
	name=$(echo "$compressor" | tr -cd a-z0-9)
	# shellcheck disable=SC2086 # a command and its options
	oci-tar dist --root-dir /app | $compressor | oci-push-blob "$registry/example/$name" >layer.json
	assert_equal "$(digest_of layer.tar)" "$(field '.annotations["containerd.io/uncompressed"]' layer.json)" "$compressor"
	finish_image layer.json "$name"
done

# A gzip of several members is one stream.
half=$(($(wc -c <layer.tar) / 2))
{
	head -c "$half" layer.tar | gzip
	tail -c "+$((half + 1))" layer.tar | gzip
} | oci-push-blob "$registry/example/members" >layer.json
assert_equal "$(digest_of layer.tar)" "$(field '.annotations["containerd.io/uncompressed"]' layer.json)"
finish_image layer.json members

# oci-push-blob: oci-digest makes the line, curl uploads, and skopeo checks the result.
oci-tar dist --root-dir /app | oci-zstd | oci-digest --tee layer.json >layer.zst
location=$(curl -sS -X POST -D - -o /dev/null "http://$registry/v2/example/curl/blobs/uploads/" |
	tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
curl -sS -f -X PUT -H 'Content-Type: application/octet-stream' --data-binary @layer.zst \
	"$location&digest=$(field .digest layer.json)"
finish_image layer.json curl

# oci-fetch: curl and jq make an image line without annotations.
oci-tar dist --root-dir /app | oci-zstd | oci-push-blob "$registry/example/base" >layer.json
url=http://$registry/v2/example/base
curl -sS -f -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$url/manifests/latest" >manifest.curl
curl -sS -f "$url/blobs/$(field .config.digest manifest.curl)" | base64 -w 0 >config.base64
jq -c --rawfile data config.base64 '.config.data = $data' manifest.curl |
	oci-manifest-append layer.json | oci-config --cmd '["node","server.js"]' |
	oci-push-manifest "$registry/example/base:app" >pushed.json
assert_equal "$(tag_digest example/base:app)" "$(field .digest pushed.json)"

# oci-config: jq edits the embedded config and states its new digest and size.
oci-fetch "$registry/example/base:latest" | oci-manifest-append layer.json >line
jq -r .config.data line | base64 -d | jq -c '.config.Cmd = ["node", "server.js"]' | tr -d '\n' >config.new
jq -c --arg data "$(base64 -w 0 config.new)" --arg digest "$(digest_of config.new)" \
	--argjson size "$(wc -c <config.new)" \
	'.config.data = $data | .config.digest = $digest | .config.size = $size' line |
	oci-push-manifest "$registry/example/jq:latest" >pushed.json
check_image jq

# oci-push-manifest: curl stores the config and the manifest in the layers' repository.
oci-fetch "$registry/example/base:latest" | oci-manifest-append layer.json |
	oci-config --cmd '["node","server.js"]' >line
jq -r .config.data line | base64 -d >config.new
location=$(curl -sS -X POST -D - -o /dev/null "$url/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
curl -sS -f -X PUT -H 'Content-Type: application/octet-stream' --data-binary @config.new "$location&digest=$(field .config.digest line)"
jq -cj 'del(.config.data)' line >manifest.new
curl -sS -f -X PUT -H "Content-Type: $(field .mediaType manifest.new)" --data-binary @manifest.new \
	"$url/manifests/curl"
skopeo_copy "docker://$registry/example/base:curl" "docker://$registry/example/pushed:latest"
check_image pushed

# The raw manifest, from one repository to another through a pipe and with the wrapper: the same digest.
oci-fetch --raw "$registry/example/base:latest" | oci-push-manifest --from "$registry/example/base:latest" "$registry/example/raw:latest" >pushed.json
assert_equal "$(tag_digest example/base:latest)" "$(tag_digest example/raw:latest)"
ocinoco copy "$registry/example/base:latest" "$registry/example/copy:1" oci:./copied:base | cmp - pushed.json
assert_equal "$(tag_digest example/base:latest)" "$(tag_digest example/copy:1)"
assert_equal "$(tag_digest example/base:latest)" "$(field '.manifests[0].digest' copied/index.json)"
assert_equal 0 "$(upload_sessions)"
