# oci-tar --base: paths go where the base's links lead, parents are the base's, and types do not clash.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir -p base/usr/lib base/run base/srv/deep base/tmp
ln -s usr/lib base/lib
ln -s /run base/srv/run
ln -s ../../../outside base/srv/deep/out
ln -s loop base/loop
echo file >base/etc
chmod 1777 base/tmp
chmod 750 base/srv
oci-tar base --uid 7 --gid 8 --mtime 100 | oci-zstd | oci-push-blob oci:image >layer.json
oci-fetch scratch | oci-manifest-append layer.json | oci-push-manifest oci:image:1 >pushed
oci-fetch oci:image:1 | oci-list >list

names() {
	tar -tf out >names
	cmp expected names || fail "$(cat names)"
}

# A tree over the root of a base whose lib is a link: both paths to a directory become one.
mkdir -p tree/lib/sub tree/usr/lib tree/srv/run tree/new
echo x >tree/lib/x
echo y >tree/lib/sub/y
ln tree/lib/x tree/new/link
echo z >tree/usr/lib/z
echo p >tree/srv/run/pid
expect 0 oci-tar tree --base list
cat >expected <<'END'
usr/lib/
usr/lib/sub/
usr/lib/sub/y
usr/lib/x
new/
new/link
srv/
run/
run/pid
usr/
usr/lib/z
END
names
tar -tvf out | grep -q 'new/link link to usr/lib/x' || fail 'the link does not lead to where its file is'

# The result is the merge that unpacking on the base makes.
cp -a base unpacked
oci-untar unpacked <out
for path in lib/x lib/sub/y usr/lib/z run/pid; do [ -f "unpacked/$path" ] || fail "no $path"; done
[ -L unpacked/lib ] || fail 'lib is no link any more'

# The root directory, its parents, whiteouts, lists and other tars follow the base's links too.
mkdir one
echo one >one/one
expect 0 oci-tar one --root-dir /srv/run/app --parents --base list --uid 1 --gid 1
printf '%s\n' run/ run/app/ run/app/one >expected
names
tar --numeric-owner --full-time -tvf out >long
assert_match '^drwxr-xr-x 7/8 .*1970-01-01 00:01:40 run/$' long
assert_match '^drwxr-xr-x 1/1 .*run/app/$' long
expect 0 oci-tar one --root-dir /srv/new/app --parents --base list
tar --numeric-owner --full-time -tvf out >long
assert_match '^drwxr-x--- 7/8 .*00:01:40 srv/$' long
assert_match '^drwxr-xr-x 0/0 .*00:00:00 srv/new/$' long
expect 0 oci-tar one --root-dir /x --whiteout /lib/gone --opaque /srv/run --base list
printf '%s\n' run/.wh..wh..opq usr/lib/.wh.gone x/ x/one >expected
names
printf 'lib/x\n' >paths
expect 0 oci-tar tree --files-from paths --base list
printf '%s\n' usr/lib/x >expected
names
tar -cf other.tar -C tree lib/x new/link
expect 0 oci-tar --from-tar other.tar --base list
printf '%s\n' usr/lib/x new/link >expected
names
expect 0 oci-tar one/one --as lib/one --base list
printf '%s\n' usr/lib/one >expected
names
expect 0 oci-tar tree --base - <list
tar -tf out | grep -qx usr/lib/x

# Clashes name both paths; a link that leads out of the base, a loop and a truncated listing are refused.
mkdir -p clash/etc clash2 clash3/lib clash3/usr/lib
echo x >clash/etc/x
echo x >clash2/usr
echo x >clash3/lib/same
echo x >clash3/usr/lib/same
assert_failed 65 oci-tar oci-tar clash --base list
assert_match "'etc' is a directory, but in the base 'etc' is something else" err
assert_failed 65 oci-tar oci-tar clash2 --base list
assert_match "'usr' is no directory, but in the base 'usr' is one" err
assert_failed 65 oci-tar oci-tar one/one --as usr --base list
assert_match "'usr' is no directory, but in the base 'usr' is one" err
expect 65 oci-tar clash3 --base list
assert_match "'usr/lib/same': two paths lead to it" err
assert_failed 65 oci-tar oci-tar one --root-dir /srv/deep/out --base list
assert_match 'leads out of its root' err
assert_failed 65 oci-tar oci-tar one --root-dir /loop --base list
assert_match 'in a circle' err
sed '$d' list >no-end
assert_failed 65 oci-tar oci-tar one --base no-end
: >empty
assert_failed 65 oci-tar oci-tar one --base empty
assert_failed 66 oci-tar oci-tar one --base none
