# `make demo` makes an image that other programs read, can be run twice, and never overwrites what it did not make.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir -p examples
cp -r "$ROOT/examples/hello" examples/
examples/hello/demo >first 2>err
assert_match '^{"mediaType":"application/vnd.oci.image.manifest.v1\+json","digest":"sha256:[0-9a-f]*","size":[0-9]*}$' first
assert_match '^# what to look at next$' first
skopeo inspect oci:out/demo/hello:1 >inspected
assert_equal linux "$(field .Os inspected)"
sed -n '/^# what to look at next/,$s/^\([^ ]*\/[^ ]*\) .*/\1/p' first >next
assert_equal 3 "$(wc -l <next)"
while read -r file; do
	[ -e "$file" ] || [ -e "$ROOT/$file" ] || fail "it leads to '$file', which is not there"
done <next
ocinoco unpack oci:out/demo/hello:1 bundle
assert_equal 'Hello from an image that no container built.' "$(chroot bundle/rootfs /hello)"

examples/hello/demo >second 2>err
sed 's/ [A-Z][a-z]* *[0-9]* [0-9:]* / /' first >first.undated
sed 's/ [A-Z][a-z]* *[0-9]* [0-9:]* / /' second | cmp - first.undated

rm out/demo/made-by-demo
status=0
examples/hello/demo >third 2>err || status=$?
assert_equal 73 "$status"
assert_empty third
assert_match "was not made by it" err
