# ocinoco list, export, compare and validate: the output of the tools, for references.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
mkdir more
echo more >more/-file
ocinoco build dist --from scratch --root-dir /app --output oci:image:1 >pushed
ocinoco build more --from oci:image:1 --output oci:image:2 >pushed
oci-fetch oci:image:2 >line

expect 0 ocinoco list oci:image:2
oci-list --long --from oci:image <line | cmp - out
expect 0 ocinoco list oci:image:2 /app/lib -- -file
oci-list --long --from oci:image app/lib ./-file <line | cmp - out
grep -q '^2 .* -file$' out || fail 'the file of layer 2'
expect 0 ocinoco list oci:image:2 --size
oci-list --size --from oci:image <line | cmp - out

expect 0 ocinoco export oci:image:2
oci-flatten --from oci:image <line | cmp - out
expect 0 ocinoco export oci:image:2 --only app/server.js
tar -xOf out app/server.js | cmp - dist/server.js

expect 0 ocinoco compare oci:image:1 oci:image:1 --files
assert_empty out
expect 1 ocinoco compare oci:image:1 oci:image:2 --files
assert_empty err
assert_match "^'/-file': only in the second, layer 2$" out
expect 1 ocinoco compare oci:image:1 oci:image:2 --json
jq -e .kind <out >kinds
expect 69 ocinoco compare oci:image:1 oci:image:none

expect 0 ocinoco validate oci:image oci:image:1
assert_empty out
blob=$(field '.layers[0].digest' line)
rm "image/blobs/sha256/${blob#sha256:}"
expect 65 ocinoco validate --fast oci:image:2
assert_match "^$blob missing" out

# What -n prints does the same.
ocinoco list oci:image:2 --size -n >script
expect 0 sh script
oci-list --size <line | cmp - out

# build --follow-base follows the links of the base; without it, a warning says what would happen.
mkdir -p merged/usr/lib addition/lib
ln -s usr/lib merged/lib
echo new >addition/lib/new
ocinoco build merged --from scratch --output oci:image:merged >pushed 2>err
assert_empty err
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:followed --follow-base
assert_empty err
oci-fetch oci:image:followed | oci-list >list
assert_match '^./usr/lib/new ' list
assert_match '^./lib type=link' list
tar -cf addition.tar -C addition lib/new
ocinoco build - --from oci:image:merged --output oci:image:tar --follow-base <addition.tar >pushed
oci-fetch oci:image:tar | oci-list | grep -q '^./usr/lib/new '
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:replaced
assert_match "^ocinoco: warning: in many bases a link and .* directory.*: '/lib'; --follow-base" err
mkdir addition/bin
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:replaced
assert_match "^ocinoco: warning: .*: '/bin', '/lib'; --follow-base" err
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:replaced --exclude bin --exclude lib
assert_empty err
expect 0 ocinoco build --layer addition:/ --from oci:image:merged --output oci:image:replaced
assert_match "^ocinoco: warning: .*: '/bin', '/lib'; --follow-base" err
for directory in /lib lib/ /lib/; do
	expect 0 ocinoco build addition/lib --from oci:image:merged --output oci:image:replaced --root-dir "$directory"
	assert_match "^ocinoco: warning: .*: '/lib'; --follow-base" err
done
rmdir addition/bin
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:replaced --quiet
assert_empty err
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:replaced --root-dir /opt
assert_empty err
expect 0 ocinoco build addition --from oci:image:merged --output oci:image:printed --follow-base -n
sh out >pushed
oci-fetch oci:image:printed | oci-list | grep -q '^./usr/lib/new '
oci-zstd <addition.tar >addition.tar.zst
expect 64 ocinoco build addition.tar.zst --from oci:image:merged --output oci:image:x --follow-base
