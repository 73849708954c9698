# The two pipelines of the README as they stand there, except for the registry, and their results.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base_digest=$(tag_digest example/base:latest)

oci-tar ./dist --root-dir /app --uid 1000 --gid 1000 | oci-zstd | oci-push-blob "$registry/example/app" >layer.json
oci-fetch "$registry/example/base:latest" | oci-manifest-append layer.json | oci-config --cmd '["node","server.js"]' --user 1000:1000 | oci-push-manifest "$registry/example/app:latest" >pushed.json

# The descriptor lines are right, compared with coreutils.
assert_equal 1 "$(wc -l <layer.json)"
layer=$(field .digest layer.json)
assert_equal "$layer" "$(digest_of "$(blob_file "$layer")")"
assert_equal "$(field .size layer.json)" "$(wc -c <"$(blob_file "$layer")")"
assert_equal application/vnd.oci.image.layer.v1.tar+zstd "$(field .mediaType layer.json)"
zstd -dcq <"$(blob_file "$layer")" >layer.tar
assert_equal "$(field '.annotations["containerd.io/uncompressed"]' layer.json)" "$(digest_of layer.tar)"
assert_equal 1 "$(wc -l <pushed.json)"
assert_equal "$(tag_digest example/app:latest)" "$(field .digest pushed.json)"
assert_equal "$(field .digest pushed.json)" "$(digest_of "$(blob_file "$(field .digest pushed.json)")")"
assert_equal "$base_digest" "$(tag_digest example/base:latest)"
assert_equal 0 "$(upload_sessions)"

# Every file belongs to the layer's owner, in byte order, and nothing above the root directory is written.
bsdtar -tvf layer.tar >listing
assert_equal "$(wc -l <listing)" "$(awk '$3 == 1000 && $4 == 1000' listing | wc -l)" owners
bsdtar -tf layer.tar >names
printf '%s\n' app/ 'app/a dir/' 'app/a dir/a file' app/lib/ app/lib/data app/lib/hardlink \
	app/lib/numbers app/link app/server.js | diff - names

# skopeo copies it, bsdtar unpacks it, a runtime runs it.
unpack_image "$registry/example/app:latest" root
assert_equal 2 "$(field '.layers | length' manifest.json)"
assert_equal null "$(field .config.data manifest.json)" config.data
assert_equal "$base_digest" "$(field '.annotations["org.opencontainers.image.base.digest"]' manifest.json)"
assert_equal '["PATH=/bin"]' "$(jq -c .config.Env config.json)"
assert_equal "$(stat -c %i root/app/lib/data)" "$(stat -c %i root/app/lib/hardlink)" 'a hard link'
run_image root >printed
printf '%s\n' 'served by 1000:1000 in /app' 'data of the app' | diff - printed

# Run again, it is the same image, and nothing is sent.
oci-tar ./dist --root-dir /app --uid 1000 --gid 1000 | oci-zstd | oci-push-blob "$registry/example/app" | cmp - layer.json
oci-fetch "$registry/example/base:latest" | oci-manifest-append layer.json | oci-config --cmd '["node","server.js"]' --user 1000:1000 | oci-push-manifest "$registry/example/app:again" | cmp - pushed.json
