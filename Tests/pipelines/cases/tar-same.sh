# The same tree makes the same bytes for every user, on every file system, at every time and speed.

# shellcheck source=../lib.sh
. "$TEST_LIB"

trap 'rm -rf "${memory:-}"; clean_up' EXIT

make_tree() {
	python3 "$ROOT/Tests/pipelines/nasty_tree.py" "$@"
}

pack() {
	oci-tar --quiet --keep-owner --mtime keep --xattrs --root-dir /opt/app "$@"
}

make_tree tree
pack tree >reference.tar

assert_same() {
	cmp "$1" "${2:-reference.tar}" || fail "another tar: ${3:-$1}"
}

(umask 077 && pack tree) >other && assert_same other reference.tar umask
(umask 0 && pack tree) >other && assert_same other reference.tar umask
TZ=Pacific/Kiritimati pack tree >other && assert_same other reference.tar TZ
LC_ALL=C.UTF-8 LANGUAGE=de pack tree >other && assert_same other reference.tar locale
pack ./tree/ >other && assert_same other reference.tar 'another way to say it'
(cd tree && pack) >other && assert_same other reference.tar 'from inside'
ln -s tree link
pack link >other && assert_same other reference.tar 'through a link'

# Directories in another order, and other inodes.
for seed in 1 2 3; do
	make_tree "tree-$seed" "$seed"
	pack "tree-$seed" >other
	assert_same other reference.tar "made in order $seed"
done

# Another file system, without user attributes.
memory=$(mktemp -d /dev/shm/ocinoco-test.XXXXXX)
make_tree "$memory/tree" 4 tmpfs
oci-tar --quiet --keep-owner --mtime keep "$memory/tree" >memory.tar
oci-tar --quiet --keep-owner --mtime keep tree >disk.tar
assert_same memory.tar disk.tar
rm -rf "$memory"

# Another user, who may read less of the machine but all of these files.
mkdir bin
cp "$(readlink -f "$(command -v oci-tar)")" bin/oci-tar
chmod 755 . bin bin/oci-tar
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
}
for path in modes/0000 modes/closed modes/6711 empty/inside; do
	echo "$path"
done >unreadable
pack --exclude-from unreadable tree >readable.tar
as_nobody ./bin/oci-tar --quiet --keep-owner --mtime keep --xattrs --root-dir /opt/app \
	--exclude-from unreadable tree >other
assert_same other readable.tar 'another user'

# Slow enough for files to be read ahead of the walk; and with one processor.
strace -f -qq -o trace -e trace=openat,clone3,clone -e inject=openat:delay_enter=1000 "$(command -v oci-tar)" --quiet --keep-owner \
	--mtime keep --xattrs --root-dir /opt/app tree >other
[ "$(grep -c 'clone' trace)" -gt 8 ] || fail 'no readers were started'
assert_same other reference.tar 'with readers'
taskset -c 0 oci-tar --quiet --keep-owner --mtime keep --xattrs --root-dir /opt/app tree >other
assert_same other reference.tar 'one processor'

# Large enough for files to be read ahead on a free processor.
mkdir large
(cd large && seq 10000 | xargs touch)
taskset -c 0 oci-tar large >one
oci-tar large >other
assert_same other one 'two processors'
rm -r large

# More directories than may be open, read ahead while nothing reads the tar.
for directory in $(seq 400); do
	mkdir -p "wide/$directory"
	head -c 8000 /dev/zero | tee "wide/$directory/a" >"wide/$directory/b"
done
taskset -c 0 oci-tar wide >one
prlimit --nofile=96 strace -f -qqq -o trace -e trace=openat,clone3,clone \
	-e inject=openat:delay_enter=500 "$(command -v oci-tar)" wide | (sleep 1 && cat >other)
[ "$(grep -c 'clone' trace)" -gt 8 ] || fail 'no readers were started'
assert_same other one 'few open files'
rm -r wide

# The clock does not matter, nor do files next to the tree.
sleep 1
touch neighbour
pack tree >other
assert_same other

# What is part of the tree does matter.
differs() {
	pack tree >other
	! cmp -s other reference.tar || fail "the same tar although $1"
}
chmod 640 tree/a-
differs 'a mode is another'
chmod 644 tree/a-
assert_same reference.tar
touch -d @1500000001 tree/a-
differs 'a time is another'
touch -d @1500000000 tree/a-
mv tree/aa tree/ab
touch -d @1500000000 tree
differs 'a name is another'
