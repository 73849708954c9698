# A tree of every kind of file comes out of GNU tar, bsdtar and umoci unchanged.

# shellcheck source=../lib.sh
. "$TEST_LIB"

python3 "$ROOT/Tests/pipelines/nasty_tree.py" tree

expect 0 oci-tar --keep-owner --mtime keep --xattrs tree
mv out tree.tar
assert_equal "oci-tar: warning: 'tree/special/socket' is a socket, which a layer cannot hold; left out" "$(cat err)"
expect 0 oci-tar --quiet --keep-owner --mtime keep --xattrs tree
assert_empty err
cmp tree.tar out

describe_tree tree >tree.list
[ "$(wc -l <tree.list)" -gt 120 ] || fail 'the tree is not all there'

# extract LIST COMMAND...
extract() {
	rm -rf extracted
	mkdir extracted
	list=$1
	shift
	"$@"
	describe_tree extracted >extracted.list
	diff -a "$list" extracted.list || fail "another tree by: $*"
}

# GNU tar says that it does not know `hdrcharset`, and keeps the bytes.
extract tree.list tar --xattrs --xattrs-include='*' --numeric-owner -xpf tree.tar -C extracted
# bsdtar converts UTF-8 to the locale and composes decomposed characters.
sed 's/nfd-e\\xcc\\x81/nfd-\\xc3\\xa9/' tree.list >composed.list
extract composed.list env LC_ALL=C.UTF-8 bsdtar --numeric-owner -xpf tree.tar -C extracted
umoci init --layout layout
umoci new --image layout:tree
umoci raw add-layer --image layout:tree tree.tar
umoci unpack --image layout:tree bundle >umoci.log
describe_tree bundle/rootfs >umoci.list
# umoci treats a record without a value as absent, as POSIX does.
sed "s/'user.empty': b'', //" tree.list >nonempty.list
diff -a nonempty.list umoci.list || fail 'another tree by umoci'

# The tar has nothing that the tree does not need.
python3 - <<'END'
import tarfile

with tarfile.open("tree.tar", errors="surrogateescape") as tar:
    entries = tar.getmembers()
names = [entry.name for entry in entries]
assert len(names) == len(set(names)), "a path twice"
assert not any(name in (".", "", "/") or name.startswith(("./", "/")) for name in names), names
assert all(not entry.uname and not entry.gname for entry in entries)
assert all(not entry.sparse for entry in entries)
assert not tar.pax_headers, tar.pax_headers
for entry in entries:
    extra = set(entry.pax_headers) - {"path", "linkpath", "uid", "gid", "size", "mtime", "hdrcharset"}
    assert all(key.startswith("SCHILY.xattr.") for key in extra), extra
above = set()
for entry in entries:
    parent = entry.name.rpartition("/")[0]
    assert not parent or parent in above, "%r before its directory" % entry.name
    if entry.isdir():
        above.add(entry.name)
END

# By default: owned by root, times 0, and no attributes except capabilities.
oci-tar --quiet tree >plain.tar
rm -rf extracted
mkdir extracted
tar --xattrs --xattrs-include='*' -xpf plain.tar -C extracted
describe_tree extracted >plain.list
python3 - <<'END'
for line, plain in zip(open("tree.list"), open("plain.list"), strict=True):
    left, right = line.split(" {")[0].split(" "), plain.split(" {")[0].split(" ")
    for index, word in enumerate(left):
        if word[:1] == "t" and word[1:].lstrip("-").isdigit() and ":" in left[index - 1]:
            left[index], left[index - 1] = "t0", "0:0"
    assert left == right, (left, right)
    xattrs = plain.partition(" {")[2].strip()
    had = "security.capability" in line
    assert ("security.capability" in xattrs) == had and "user." not in xattrs, plain
END

# A hard link stays one if the name that would have come first is excluded.
expect 0 oci-tar --quiet --exclude links/0-excluded tree
tar -tvf out 2>listing.err >listing
assert_match 'links/kept-2 link to links/kept-1$' listing
! grep -q 0-excluded listing || fail 'excluded but there'
tar -xOf out links/kept-1 2>warnings | cmp - tree/links/0-excluded

# -v lists what is written, like tar, and does not change the output.
oci-tar --verbose --keep-owner --mtime keep --xattrs tree >verbose.tar 2>verbose.list
cmp tree.tar verbose.tar
grep -cv '^oci-tar: ' verbose.list >lines
wc -l <tree.list | cmp - lines
! grep -v '^oci-tar: ' verbose.list | grep socket || fail 'a socket is listed'

# Nested deeper than a path may be long.
python3 - <<'END'
import os

os.mkdir("deep")
os.chdir("deep")
for level in range(30):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
open("file", "w").write("deep\n")
END
oci-tar deep | bsdtar -tf - >names
assert_equal 31 "$(wc -l <names)"
assert_equal 6034 "$(tail -n 1 names | tr -d '\n' | wc -c)"

# Nested deeper than the limit of open files.
python3 - <<'END'
import os

os.mkdir("deeper")
os.chdir("deeper")
for level in range(1500):
    os.mkdir("d")
    os.chdir("d")
open("file", "w").write("deep\n")
END
sh -c 'ulimit -S -n 256 && exec oci-tar deeper' | bsdtar -tf - >names
assert_equal 1501 "$(wc -l <names)"
rm -rf deep deeper
