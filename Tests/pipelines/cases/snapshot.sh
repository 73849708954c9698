# Snapshots as bsdtar and umoci read them, and changes as umoci sees them.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_rootfs root
mkdir -p root/usr/lib root/old/deep root/kind root/empty
cp -R /usr/lib/python3/. root/usr/lib/python3
ln root/etc/passwd root/etc/passwd.link
ln -s 'a=b\x2d c' root/odd-link
printf 'one\n' >'root/a file #1'
printf 'two\n' >root/old/deep/file
printf 'three\n' >root/kind/file
newline=$(printf 'new\nline')
printf 'four\n' >"root/$newline"
printf 'five\n' >"root/$(printf 'latin-\351')"
touch -d @1700000000.123456789 'root/a file #1'

# Twice the same, with any number of threads; every path that find lists.
oci-snapshot root >root.mtree
oci-snapshot --threads 1 root | cmp - root.mtree
bsdtar -tf root.mtree | LC_ALL=C sort >by-bsdtar
assert_equal "$(find root -print0 | tr -cd '\0' | wc -c)" "$(wc -l <by-bsdtar)" paths
(cd root && find usr) | LC_ALL=C sort >by-find
grep '^usr' by-bsdtar | diff by-find -
assert_equal "$(sha256sum <root/bin/busybox | cut -d' ' -f1)" \
	"$(sed -n 's/^busybox .* sha256digest=\([0-9a-f]*\).*/\1/p' root.mtree)"
assert_match '^a\\040file\\040\\0431 type=file .* time=1700000000\.123456789 ' root.mtree

# Without changes; also against another tool's snapshot of the same tree.
expect 0 oci-diff root.mtree root
assert_empty out
expect 0 oci-diff --fast - root <root.mtree
assert_empty out
for keywords in sha256,mtree:nlink all '!all,mtree:type,mtree:md5,mtree:sha384'; do
	bsdtar -cf foreign.mtree --format=mtree --options="mtree:$keywords" -C root .
	expect 0 oci-diff foreign.mtree root
	assert_empty out
done

# A copy has other inodes: --fast reads it and finds no change.
cp -a root copy
expect 0 oci-diff --fast root.mtree copy
assert_empty out

# umoci treats our snapshot as its own, and finds no change.
umoci init --layout images
umoci new --image images:base
umoci insert --image images:base root / >umoci.log
umoci unpack --image images:base bundle >umoci.log
expect 0 oci-diff bundle/sha256_*.mtree bundle/rootfs
assert_empty out
oci-snapshot bundle/rootfs >ours.mtree
cp bundle/sha256_*.mtree umoci.mtree
cp ours.mtree bundle/sha256_*.mtree
umoci repack --image images:unchanged bundle >umoci.log
assert_equal 1 "$(umoci stat --image images:unchanged --json | jq '[.history[] | select(.layer)] | length')"

# Changes of every kind, as in umoci's layer.
tree=bundle/rootfs
echo more >>$tree/etc/passwd
chmod 700 $tree/bin
touch -d @1600000000 "$tree/a file #1"
rm -r $tree/old
rm -r $tree/kind
echo now-a-file >$tree/kind
rm $tree/odd-link
mkdir $tree/odd-link
touch $tree/odd-link/inside
rm "$tree/$newline"
chown 12:34 $tree/bin/node
mkfifo $tree/queue
cat >expected <<'END_OF_LIST'
.wh..wh..list-begin
.wh..wh..list-end
.wh.new\nline
.wh.old
a file #1
bin
bin/node
etc/passwd
etc/passwd.link
kind
odd-link
odd-link/inside
queue
END_OF_LIST
expect 0 oci-diff --null ours.mtree $tree
tr '\n\0' '|\n' <out | sed 's/|/\\n/' | LC_ALL=C sort | diff expected -
sed '/^\.wh\.\.wh\./d' expected >changes
oci-diff --null umoci.mtree $tree | cmp - out
cp umoci.mtree bundle/sha256_*.mtree
umoci repack --image images:changed bundle >umoci.log
layer=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "changed").digest' \
	images/index.json)
layer=$(jq -r '.layers[-1].digest' "images/blobs/sha256/${layer#sha256:}")
# umoci also deletes the files below a directory that became a file, which is unnecessary.
bsdtar -tf "images/blobs/sha256/${layer#sha256:}" |
	sed 's,^\./,,; s,/$,,; /^$/d; /^\.$/d; /^kind\/\.wh\.file$/d' |
	LC_ALL=C sort | diff changes -

# A name with a newline is a path of two lines.
assert_failed 65 oci-diff oci-diff ours.mtree $tree
assert_match '--null' err

# A file of the same size, time and name: only its content or its inode shows the change.
printf 'aaaa' >root/same
oci-snapshot root >root.mtree
cp -p root/same root/same.new
printf 'bbbb' >root/same.new
touch -r root/same root/same.new
mv root/same.new root/same
touch -d "@$(sed -n 's/^\. .* time=\([0-9.]*\).*/\1/p' root.mtree)" root
for options in '' --fast; do
	# shellcheck disable=SC2086
	expect 0 oci-diff $options root.mtree root
	assert_equal '.wh..wh..list-begin same .wh..wh..list-end' "$(xargs <out)"
done

# Files that did not change since before the snapshot are not read: their change time shows this. Every change is found,
# also within the same size and time.
oci-snapshot root >root.mtree
strace -f -qq -e trace=openat,openat2 -o trace oci-diff --fast root.mtree root >out
assert_empty out
assert_equal 0 "$(grep -c '"same"' trace)" 'files that --fast opened'
printf 'cccc' >root/same
touch -r root/old/deep/file root/same
touch -d @1700000000 root/future
oci-snapshot root >root.mtree
for change in 'printf dddd >root/same' 'chmod 600 root/same' 'setfattr -n user.b -v w root/same'; do
	sh -c "$change"
	touch -r root/old/deep/file root/same
	expect 0 oci-diff --fast root.mtree root
	assert_equal '.wh..wh..list-begin same .wh..wh..list-end' "$(xargs <out)" "$change"
	oci-snapshot root >root.mtree
	expect 0 oci-diff --fast root.mtree root
	assert_empty out
done
# A file with a time in the future, left by a clock that was set back, is always read.
touch -d 2200-01-01 root/future
oci-snapshot root >root.mtree
strace -f -qq -e trace=openat,openat2 -o trace oci-diff --fast root.mtree root >out
assert_empty out
assert_equal 1 "$(grep -c '"future"' trace)" 'files in the future that --fast opened'
# A snapshot of another program has no change times: everything is read.
touch -d @1700000000 root/same
bsdtar -cf foreign.mtree --format=mtree --options='mtree:sha256,mtree:nlink' -C root .
printf 'eeee' >root/same
touch -d @1700000000 root/same
expect 0 oci-diff --fast foreign.mtree root
assert_equal '.wh..wh..list-begin same .wh..wh..list-end' "$(xargs <out)"

# Attributes are compared if they were recorded, and other programs can still read the text.
assert_match '^#\. xattr\.user\.b=dw==$' root.mtree
expect 0 bsdtar -tf root.mtree
assert_empty err
sed '/^#/d; s/^[^ ]* *//' root.mtree | tr ' ' '\n' | sed 's/=.*//' | sort -u >keywords
# Keywords that go-mtree knows.
assert_equal 'gid link mode nlink sha256digest size time type uid' "$(xargs <keywords)"
bsdtar -cf foreign.mtree --format=mtree --options='mtree:sha256,mtree:nlink' -C root .
expect 0 oci-diff foreign.mtree root
assert_empty out

# Digests of every kind that other programs record.
mkdir digests
for digest in md5 rmd160 sha1 sha384 sha512; do
	printf abc >digests/f
	touch -d @1000 digests/f digests
	bsdtar -cf foreign.mtree --format=mtree --options="!all,type,size,time,$digest" -C digests .
	expect 0 oci-diff foreign.mtree digests
	assert_empty out
	printf abd >digests/f
	touch -d @1000 digests/f digests
	expect 0 oci-diff foreign.mtree digests
	assert_equal '.wh..wh..list-begin f .wh..wh..list-end' "$(xargs <out)" "$digest"
done
bsdtar -cf foreign.mtree --format=mtree --options='!all,type,size,time,cksum' -C digests .
expect 0 oci-diff foreign.mtree digests
assert_match 'warning: contents are not compared where the snapshot has only cksum' err

# Links: all names of a changed file, and none if only one name was removed.
mkdir links
echo x >links/a
ln links/a links/b
ln links/a links/c
touch -d @1500000000 links/a links
oci-snapshot links >links.mtree
rm links/b
touch -d @1500000000 links
# list: the changes, without the marks.
list() {
	oci-diff links.mtree links | sed '1d; $d' | xargs
}
assert_equal .wh.b "$(list)"
mv links/a links/d
touch -d @1500000000 links
assert_equal '.wh.a .wh.b c d' "$(list)"
cp -p links/c links/c.new
mv links/c.new links/c
touch -d @1500000000 links
assert_equal '.wh.a .wh.b d' "$(list)"

# Truncated snapshots, and files that are not snapshots.
head -c 3000 root.mtree >part
assert_failed 65 oci-diff oci-diff part root
head -n 4 root.mtree | assert_failed 65 oci-diff oci-diff - root
assert_failed 65 oci-diff oci-diff /dev/null root
assert_failed 66 oci-diff oci-diff missing root
assert_failed 66 oci-diff oci-diff root.mtree missing
assert_failed 66 oci-snapshot oci-snapshot missing
printf '#mtree\n. type=dir\n..\n..\n' | assert_failed 65 oci-diff oci-diff - root
assert_match 'at line 4' err
printf '#mtree\n. type=dir\nx\\056\\056 type=file\na\\057b type=file\n..\n' |
	assert_failed 65 oci-diff oci-diff - root
assert_match 'at line 4' err
expect 74 sh -c 'oci-snapshot root >/dev/full'

# A file that is named like a whiteout cannot be in a layer.
touch root/.wh.trap
assert_failed 65 oci-diff oci-diff root.mtree root
