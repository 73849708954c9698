# Standard streams that do not block, as Node.js, some shells and CI runners hand over: every tool waits.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
mkdir -p tree/dir
# More than a pipe holds: on stdout, and with --verbose on stderr.
head -c 1500000 /dev/urandom >tree/random
(cd tree/dir && seq -f '%0200g' 1 1000 | xargs touch)
oci-snapshot tree >tree.mtree
cp -a tree changed
seq 1 1000 >changed/dir/new
touch -d @1 changed/dir/00*
oci-diff tree.mtree changed >changes
oci-tar tree >layer.tar
oci-zstd <layer.tar >layer.zst
gzip -n <layer.tar | oci-push-blob "$registry/app" >layer.json
oci-fetch scratch | oci-manifest-append layer.json | oci-config --cmd /dir/file >line
oci-push-manifest "$registry/app:1" <line >manifest.json
oci-push-manifest --from "$registry/app" oci:image:1 <line >out
oci-fetch "$registry/app:1" >based
oci-fetch --raw oci:image:1 >raw
oci-save --from oci:image --tag one <raw >archive.tar
mkdir -p unpacked
echo 'open sesame' >password
printf 'FROM scratch\nCOPY tree /tree\n' >Dockerfile
cp "$ROOT/Tests/fixtures/signing/ec.pem" key.pem
cp "$ROOT/Tests/fixtures/signing/ec.pub" key.pub
oci-sign --sign-key key.pem "$registry/app" <manifest.json >signed.json

cat >commands <<END
/dev/null oci-tar --verbose tree
changes oci-tar --files-from - changed
layer.tar oci-tar --from-tar -
layer.tar oci-zstd
layer.zst oci-digest --tee line.json
layer.tar oci-push-blob $registry/app
layer.tar oci-push-blob oci:image
/dev/null oci-fetch $registry/app:1
layer.json oci-fetch --blob $registry/app
layer.json oci-fetch --blob oci:image
/dev/null oci-fetch --raw oci:image:1
based oci-manifest-append layer.json
based oci-config --env A=b
based oci-push-manifest $registry/app:2
based oci-layers
based oci-step --args make
manifest.json oci-provenance --image based --layer layer.json -- tree
layer.zst oci-untar unpacked
based oci-runtime-config
based oci-convert --to docker
based oci-rebase --base $registry/app:1 --onto $registry/app:1
layer.json oci-artifact --type text/plain
based oci-inspect
/dev/null oci-snapshot tree
tree.mtree oci-diff - changed
raw oci-save --from oci:image --tag one
archive.tar oci-load oci:loaded:one
archive.tar oci-load $registry/loaded:one
password oci-login --username alice --authfile auth.json $registry
layer.tar oci-reuse layer.json
based oci-list --no-cache
based oci-flatten --no-cache
/dev/null oci-compare --files based based
/dev/null oci-validate $registry/app:1
manifest.json oci-sign --sign-key key.pem $registry/app
/dev/null oci-verify --verify-key key.pub $registry/app:1
/dev/null oci-delete -n oci:image:1
/dev/null oci-gc -n image
/dev/null oci-doctor $registry/app
Dockerfile oci-dockerfile --tag $registry/app:4
layer.tar ocinoco build - --from $registry/app:1 --tag $registry/app:3 --push
/dev/null ocinoco pack tree -
/dev/null ocinoco pack tree packed --compress gzip
/dev/null ocinoco save $registry/app:1
END
python3 "$ROOT/Tests/pipelines/nonblocking.py" <commands || fail 'a stream that does not block'
for tool in $(make -C "$ROOT" -s list-tools); do
	grep -Eq " $tool( |\$)" commands || fail "nothing of $tool"
done
