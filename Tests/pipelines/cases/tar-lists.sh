# --files-from: the listed files and nothing else, in the order of a walk.

# shellcheck source=../lib.sh
. "$TEST_LIB"

assert_names() {
	tar -tf out >names
	[ $# -eq 0 ] || printf '%s\n' "$@" >expected
	[ $# -ne 0 ] || : >expected
	diff expected names || fail "other names: $*"
}

mkdir -p tree/a/b tree/c
for file in a/x a/b/y c/z top 'with space'; do
	echo "$file" >"tree/$file"
done
ln tree/a/x tree/c/linked
ln -s a tree/to-a
mkfifo tree/fifo

printf '%s\n' top c/z a/x a 'with space' fifo c/linked ./top// to-a >list
expect 0 oci-tar --files-from list tree
assert_names a/ a/x c/linked c/z fifo to-a top 'with space'
assert_empty err
expect 0 oci-tar --files-from - tree --root-dir /r <list
assert_names r/a/ r/a/x r/c/linked r/c/z r/fifo r/to-a r/top 'r/with space'
tar -tvf out >listing
assert_match 'r/c/linked link to r/a/x$' listing
(cd tree && oci-tar --files-from ../list --root-dir r) | cmp - out
tr '\n' '\0' <list | oci-tar --files-from - --null tree --root-dir r | cmp - out
printf 'a\n' | oci-tar --files-from /dev/stdin tree >out
assert_names a/
# The source itself, when it is listed, becomes the entry of the root directory.
printf '.\ntop\n' | oci-tar --files-from - tree --root-dir /r >out
assert_names r/ r/top
printf '.\n' | oci-tar --files-from - tree >out
assert_names

# A name of any bytes.
name=$(printf 'new\nline\377')
echo strange >"tree/$name"
printf '%s\0' "$name" | oci-tar --files-from - --null tree >out
assert_names 'new\nline\377'
rm "tree/$name"

# Whiteouts need no file, precede their siblings, and are written once.
printf '%s\n' a/x a/.wh.old a .wh.gone a/b/.wh..wh..opq a/b a/b/y |
	oci-tar --files-from - tree --whiteout /gone --opaque a/b --whiteout other >out
assert_names a/b/.wh..wh..opq .wh.gone .wh.other a/ a/.wh.old a/b/ a/b/y a/x
for name in .wh. a/.wh.. .wh... .wh..wh.plnk; do
	echo "$name" >list
	assert_failed 65 oci-tar oci-tar --files-from list tree
	assert_match "'$name'" err
done
mkdir tree/.wh.d
touch tree/.wh.d/file
echo .wh.d/file >list
assert_failed 65 oci-tar oci-tar --files-from list tree
assert_match "'.wh.d/file'" err

# Patterns apply to lists too.
printf '%s\n' a/x a/b/y top | oci-tar --files-from - tree --exclude a --exclude '!a/b' >out
assert_names a/b/y top

# An empty list makes an empty layer; a truncated list is refused.
oci-tar --files-from /dev/null tree >out
assert_names
assert_equal 1024 "$(wc -c <out)"
printf 'top\nc/' >list
assert_failed 65 oci-tar oci-tar --files-from list tree
assert_match "no newline" err
printf 'top\0c/z' >list
assert_failed 65 oci-tar oci-tar --files-from list --null tree

: | assert_failed 65 oci-tar oci-tar --files-from - tree
assert_equal "oci-tar: cut list of paths on 'standard input': it is empty" "$(cat err)"
: >list
expect 0 oci-tar --files-from list tree

# The list of oci-diff has an end mark: cut at any byte it is refused, in every shell.
oci-snapshot tree >tree.mtree
expect 0 oci-diff tree.mtree tree
assert_empty out
: | assert_failed 65 oci-tar oci-tar --files-from - tree
cp -a tree changed
echo more >>changed/a/x
mkdir changed/new
rm changed/top
for null in --null ''; do
	# shellcheck disable=SC2086 # an option or none
	oci-diff $null tree.mtree changed >changes
	# shellcheck disable=SC2086
	expect 0 oci-tar $null --files-from - changed <changes
	tar -tf out >names
	printf '%s\n' .wh.top a/x c/linked new/ | diff - names
	size=$(wc -c <changes)
	count=0
	while [ "$count" -lt "$size" ]; do
		head -c "$count" changes >part
		# shellcheck disable=SC2002,SC2086 # a pipe is what is meant
		cat part | assert_failed 65 oci-tar oci-tar $null --files-from - changed
		assert_match "cut list of paths on 'standard input': " err
		# shellcheck disable=SC2086
		[ "$count" -eq 0 ] || assert_failed 65 oci-tar oci-tar $null --files-from part changed
		count=$((count + 1))
	done
done
# The program itself, killed by a signal at a byte, in a shell where nothing asks for its status.
mkdir stub
for shell in dash bash 'busybox sh'; do
	for signal in TERM KILL; do
		for count in 0 1 19 20 21 $((size / 2)) $((size - 19)) $((size - 18)) $((size - 1)); do
			printf '#!/bin/sh\n%s "$@" | head -c %s\nkill -%s $$\n' \
				"$(command -v oci-diff)" "$count" "$signal" >stub/oci-diff
			chmod +x stub/oci-diff
			# shellcheck disable=SC2086 # a command and its argument
			PATH=$PWD/stub:$PATH $shell -c 'oci-diff tree.mtree changed |
				oci-tar --files-from - changed | oci-zstd | oci-push-blob oci:image >layer.json' 2>err || :
			assert_empty layer.json
			[ ! -e image ] || assert_equal '' "$(find image/blobs -type f)"
		done
	done
done
{
	head -n 1 changes
	sed '1d; $d' changes | sort -r
	tail -n 1 changes
} | oci-tar --files-from - changed >out
tar -tf out | diff names -
# In a sorted list the marks have lost their meaning.
sort changes | assert_failed 65 oci-tar oci-tar --files-from - changed

# Paths that do not exist, or lead out.
no_end() {
	expect "$1" oci-tar --files-from list tree
	assert_message oci-tar
	assert_match "$2" err
	! bsdtar -tf out 2>bsdtar.err | grep -q . || fail 'entries without an end'
}
printf 'top\nmissing\n' >list && no_end 66 "cannot open 'tree/missing'"
printf 'missing/x\n' >list && no_end 66 "cannot open 'tree/missing'"
printf 'top/x\n' >list && no_end 66 "cannot open 'tree/top'"
printf 'to-a/x\n' >list && no_end 66 "cannot open 'tree/to-a'"
printf '/etc/passwd\n' >list && no_end 65 "'/etc/passwd'"
printf 'a/../../x\n' >list && no_end 65 "'a/../../x'"

assert_failed 64 oci-tar oci-tar --files-from list tree tree
assert_failed 64 oci-tar oci-tar --null tree
assert_failed 66 oci-tar oci-tar --files-from missing tree
assert_failed 66 oci-tar oci-tar --files-from /dev/null missing
assert_failed 66 oci-tar oci-tar --files-from /dev/null tree/top
assert_failed 74 oci-tar oci-tar --files-from tree tree
