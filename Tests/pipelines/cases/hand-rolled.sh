# The tour of the example, up to a program that runs from a registry.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
"$ROOT/examples/hand-rolled/tour" "$registry/example/hello:1" >tour.log
times=1
if namespaces_allowed; then times=2; fi
assert_equal "$times" "$(grep -c '^Hello, hand-rolled world$' tour.log)" 'times that it ran'
assert_equal note "$(sed -n '/^\$ oci-diff/{n;n;p;}' tour.log)"
! grep -q ': FAILED' tour.log || fail 'a blob that is not its name'

# The registry has the image; its program runs.
unpack_image "$registry/example/hello:1" root
assert_equal 'changed by hand' "$(cat root/note)"
assert_equal '["/hello"]' "$(jq -c .config.Cmd config.json)"
cmp root/hello hand-rolled/root/hello
assert_equal 'Hello, hand-rolled world' "$(chroot root /hello)"

# skopeo copies the archive.
skopeo_copy docker-archive:hand-rolled/image.tar:hand-rolled:changed oci:again:image
unpack_layout again root-again
diff -r root root-again

# The same on every run.
mv hand-rolled first
"$ROOT/examples/hand-rolled/tour" >again.log
cmp first/layer.tar hand-rolled/layer.tar
cmp first/image/blobs/sha256/"$(jq -r '.digest | split(":")[1]' first/layer.json)" \
	hand-rolled/image/blobs/sha256/"$(jq -r '.digest | split(":")[1]' hand-rolled/layer.json)"

# The example removes nothing that it did not make, not even its own directory.
cp -a "$ROOT/examples" copied
expect 73 sh -c 'cd copied && hand-rolled/tour'
diff -r "$ROOT/examples" copied
assert_match "^tour: it works in a new directory 'hand-rolled'" err
