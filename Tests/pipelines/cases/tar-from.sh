# --from-tar: archives of other tools with other paths and owners, in normal form.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# Entries may come in any order, with which GNU tar sets the times of directories too early.
unpack() {
	LC_ALL=C.UTF-8 bsdtar --numeric-owner -xpf "$1" -C "$2"
}

python3 "$ROOT/Tests/pipelines/nasty_tree.py" tree
rm tree/special/socket
# Some tools cannot hold these: odd times, names that are not text, links longer than a path may be.
rm -r tree/times tree/owners
find tree -name "$(printf '*[\200-\377]*')" -prune -exec rm -rf {} +
# GNU tar makes two FIFOs or devices of one with two names.
rm tree/special/fifo-2 tree/special/null-2
rm tree/links/odd tree/links/latin1-long tree/links/longer tree/links/loop
rm -f tree/names/nfd*
setfattr -x user.café tree/attributes/user
setfattr -x user.café tree/attributes/both
setfattr -x user.café tree/attributes/dir
oci-tar --keep-owner --mtime keep --xattrs tree --root-dir /app >reference.tar
mkdir reference
unpack reference.tar reference
describe_tree reference/app >reference.list

# assert_rewritten COMMAND...: the tar that it makes of the tree is rewritten and holds the same tree.
assert_rewritten() {
	"$@" >foreign.tar || fail "$1"
	expect 0 oci-tar --from-tar foreign.tar --keep-owner --mtime keep --xattrs --root-dir /app
	assert_empty err
	rm -rf extracted
	mkdir extracted
	unpack out extracted
	describe_tree extracted/app >extracted.list
	diff -a reference.list extracted.list || fail "another tree from: $*"
	# The same from a pipe, with any padding, and twice.
	mv out first
	{ cat foreign.tar && head -c 70000 /dev/zero; } |
		oci-tar --from-tar - --keep-owner --mtime keep --xattrs --root-dir app | cmp - first
	oci-zstd <first | oci-digest --verify-layer >layer.json
	oci-tar --from-tar first --keep-owner --mtime keep --xattrs | cmp - first
}

assert_rewritten tar --format=pax --xattrs --xattrs-include='*' -cf - -C tree .
assert_rewritten tar --format=pax --xattrs --xattrs-include='*' --sort=name -cf - -C tree .
assert_rewritten env LC_ALL=C.UTF-8 bsdtar --no-read-sparse --format=pax --xattrs -cf - -C tree .
# The other formats cannot hold attributes.
setfattr -h -x security.capability tree/attributes/capability
setfattr -h -x security.capability tree/attributes/both
find tree/attributes \( -name user -o -name both -o -name dir \) -print |
	while read -r path; do
		for name in user.z user.empty; do
			setfattr -x "$name" "$path"
		done
	done
describe_tree tree/ >reference.list
assert_rewritten tar --format=gnu -cf - -C tree .
assert_rewritten env LC_ALL=C.UTF-8 bsdtar --format=gnutar -cf - -C tree .
# Python makes two symbolic links of one with two names.
rm tree/links/dangling-2 tree/a/to-dir
describe_tree tree/ >reference.list
python3 - <<'END'
import tarfile

with tarfile.open("python.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    tar.add("tree", ".")
END
assert_rewritten cat python.tar

# git archive begins with a global header, which Docker mishandles.
git init -q repository
(
	cd repository
	git config user.name tests
	git config user.email tests@example.invalid
	mkdir -p "$(printf 'd%.0s' $(seq 1 120))"
	echo long >"$(printf 'd%.0s' $(seq 1 120))/$(printf 'f%.0s' $(seq 1 120))"
	echo hello >'file é'
	ln -s 'file é' link
	printf '#!/bin/sh\n' >run
	chmod 755 run
	git add .
	GIT_COMMITTER_DATE=@1700000000 git commit -q --date=@1700000000 -m all
	git archive HEAD >../git.tar
)
head -c 512 git.tar | grep -aq pax_global_header || fail 'no global header'
expect 0 sh -c 'git -C repository archive HEAD | oci-tar --from-tar - --root-dir /app --uid 7'
! grep -aq pax_global_header out || fail 'the global header is still there'
rm -rf extracted
mkdir extracted
tar -xpf out -C extracted
diff -r --exclude=.git repository extracted/app
# The umask of git archive.
assert_equal 775 "$(stat -c %a extracted/app/run)"
assert_equal 7:0 "$(stat -c %u:%g extracted/app/link)"
assert_equal 0 "$(stat -c %Y extracted/app/run)"

# Numbers in base 256, and the old v7 format.
python3 - <<'END'
import io, tarfile

with tarfile.open("base256.tar", "w", format=tarfile.GNU_FORMAT) as tar:
    entry = tarfile.TarInfo("file")
    entry.uid, entry.gid, entry.mtime, entry.size = 3_000_000, 4_000_000_000, -5, 4
    tar.addfile(entry, io.BytesIO(b"data"))
END
oci-tar --from-tar base256.tar --keep-owner --mtime keep | tar --numeric-owner --utc -tvf - >listing 2>err
assert_match '3000000/4000000000 +4 1969-12-31 23:59 file' listing
tar --format=v7 -cf - -C tree a sizes | oci-tar --from-tar - >out
rm -rf extracted
mkdir extracted
tar -xf out -C extracted
diff -r tree/sizes extracted/sizes

# Sparse files are written in full.
truncate -s 3M sparse-file
read=0
printf x >>sparse-file
for format in gnu pax; do
	for version in 0.0 0.1 1.0; do
		tar --format="$format" --sparse --sparse-version="$version" -cf sparse.tar sparse-file 2>err ||
			continue
		oci-tar --from-tar sparse.tar | tar -xOf - sparse-file | cmp - sparse-file
		read=$((read + 1))
	done
done
[ "$read" -ge 4 ] || fail 'GNU tar made too few sparse archives'
mkdir two
echo 1 >two/first
ln two/first two/second
tar -cf two.tar -C two first second
for pattern in first second; do
	status=0
	oci-tar --from-tar two.tar --exclude "$pattern" >out 2>err || status=$?
	case $pattern in
	first) assert_equal 65 "$status" && assert_message oci-tar && assert_match "'second'" err ;;
	second) assert_equal 0 "$status" ;;
	esac
done
tar -cf double.tar -C two first
tar -rf double.tar -C two first
expect 65 oci-tar --from-tar double.tar
assert_match "'first': in the tar a second time" err
tar -Pcf up.tar ../cwd/two/first
expect 65 oci-tar --from-tar up.tar
assert_match "'../cwd/two/first'" err
tar -Pcf absolute.tar "$PWD/two/first"
oci-tar --from-tar absolute.tar | tar -tf - >names
assert_equal "${PWD#/}/two/first" "$(cat names)"
tar -cf whiteouts.tar --transform 's/first/.wh.gone/;s/second/.wh..wh..opq/' --exclude x -C two second
oci-tar --from-tar whiteouts.tar >out 2>err && fail 'a whiteout with data'
assert_match '\.wh\.' err

# Truncated anywhere, the output has no end.
for bytes in 0 1 511 512 1023 1024 1536 2048 3000 "$(($(wc -c <git.tar) - 10240))"; do
	head -c "$bytes" git.tar >cut.tar
	expect 65 oci-tar --from-tar cut.tar
	assert_message oci-tar
	expect 65 oci-zstd <out
done
assert_failed 64 oci-tar oci-tar --from-tar git.tar tree
assert_failed 66 oci-tar oci-tar --from-tar missing
assert_failed 74 oci-tar oci-tar --from-tar tree
assert_failed 65 oci-tar oci-tar --from-tar /etc/passwd
assert_failed 65 oci-tar oci-tar --from-tar - </dev/null
