# oci-list: what it prints about an image, where it keeps listings, and what it refuses.

# shellcheck source=../lib.sh
. "$TEST_LIB"

python3 - <<'END'
import io
import tarfile


def layer(name, *entries):
    with tarfile.open(name, "w", format=tarfile.PAX_FORMAT) as tar:
        for path, kind, value in entries:
            info = tarfile.TarInfo(path)
            info.type, info.mtime = kind, 1700000000
            info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            if kind == tarfile.REGTYPE:
                info.size = len(value)
            elif kind != tarfile.DIRTYPE:
                info.linkname = value
            tar.addfile(info, io.BytesIO(value) if kind == tarfile.REGTYPE else None)


D, F, L, H = tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
layer("1.tar", ("usr/", D, 0), ("usr/lib/", D, 0), ("lib", L, "usr/lib"), ("usr/lib/one", F, b"1" * 1000),
      ("usr/lib/two", H, "usr/lib/one"), ("etc/", D, 0), ("etc/passwd", F, b"root:x:0:0::/:/bin/sh\n"),
      ("etc/group", F, b"root:x:0:\n"), ("large", F, b"l" * 100_000), ("gone/", D, 0), ("gone/f", F, b"old"))
layer("2.tar", ("lib/a name", F, b"a"), ("usr/lib/one", F, b"new"), ("gone/g", F, b"new"), (".wh.large", F, b""),
      ("gone/.wh..wh..opq", F, b""), ("made/up", F, b"m"), ("etc/group", F, b"root:x:0:\napp:x:7:\n"))
layer("bad.tar", ("large/x", F, b""), ("large", F, b""), ("large/y", F, b""))
END
for layer in 1 2 bad; do oci-zstd <$layer.tar | oci-push-blob oci:image >$layer.json; done
oci-fetch scratch | oci-manifest-append 1.json 2.json | oci-push-manifest oci:image:1 >pushed
oci-fetch oci:image:1 >line

expect 0 oci-list <line
assert_empty err
time=time=1700000000.000000000
cat >expected <<END
#mtree
. type=dir mode=0755 uid=0 gid=0 tags=layer:0
./etc type=dir mode=0755 uid=0 gid=0 $time tags=layer:1
./etc/group type=file mode=0644 uid=0 gid=0 size=19 $time tags=layer:2,data:$(printf 'root:x:0:\napp:x:7:\n' | base64)
./etc/passwd type=file mode=0644 uid=0 gid=0 size=22 $time tags=layer:1,data:$(echo root:x:0:0::/:/bin/sh | base64)
./gone type=dir mode=0755 uid=0 gid=0 $time tags=layer:1
./gone/g type=file mode=0644 uid=0 gid=0 size=3 $time tags=layer:2
./lib type=link mode=0777 uid=0 gid=0 link=usr/lib $time tags=layer:1
./made type=dir mode=0755 uid=0 gid=0 $time tags=layer:2
./made/up type=file mode=0644 uid=0 gid=0 size=1 $time tags=layer:2
./usr type=dir mode=0755 uid=0 gid=0 $time tags=layer:1
./usr/lib type=dir mode=0755 uid=0 gid=0 $time tags=layer:1
./usr/lib/a\040name type=file mode=0644 uid=0 gid=0 size=1 $time tags=layer:2
./usr/lib/one type=file mode=0644 uid=0 gid=0 size=3 $time tags=layer:2
./usr/lib/two type=file mode=0644 uid=0 gid=0 size=1000 $time tags=layer:1
..
END
cmp expected out

# The long form, for people.
expect 0 oci-list --long lib/ etc/passwd <line
cat >expected.long <<'END'
1 -rw-r--r-- 0/0             22 2023-11-14 22:13 etc/passwd
1 drwxr-xr-x 0/0              0 2023-11-14 22:13 usr/lib/
2 -rw-r--r-- 0/0              1 2023-11-14 22:13 usr/lib/a name
2 -rw-r--r-- 0/0              3 2023-11-14 22:13 usr/lib/one
1 -rw-r--r-- 0/0           1000 2023-11-14 22:13 usr/lib/two
END
cmp expected.long out
# Extended attributes are in comments, so that bsdtar reads the text; long values continue. oci-diff compares them,
# also in the form of a keyword.
python3 - <<'END'
import io, tarfile
with tarfile.open("attributes.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    info = tarfile.TarInfo("d")
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(info)
    info = tarfile.TarInfo("d/f")
    info.size = 1
    info.pax_headers = {"SCHILY.xattr.user.a": "b", "SCHILY.xattr.user.large": "l" * 60000}
    tar.addfile(info, io.BytesIO(b"x"))
    tar.addfile(tarfile.TarInfo("g"))
END
oci-push-blob oci:attributes <attributes.tar >attributes.json
oci-fetch scratch | oci-manifest-append attributes.json >attributes.line
expect 0 oci-list --no-cache --from oci:attributes <attributes.line
cp out attributes.mtree
sed -n '2p; /user.a/p; /large/s/=.*//p' attributes.mtree >got
printf '#. %s\n' version=1 xattr.user.a=Yg== xattr.user.large xattr+.user.large xattr+.user.large | diff - got
assert_match '^[.]/d/f type=file .* tags=layer:1$' attributes.mtree
expect 0 bsdtar -tf attributes.mtree
printf '%s\n' . ./d ./d/f ./g | diff - out
assert_empty err
mkdir -p attributes.tree/d
printf x >attributes.tree/d/f
: >attributes.tree/g
chmod 755 attributes.tree attributes.tree/d
chmod 644 attributes.tree/d/f attributes.tree/g
for form in comment keyword; do
	sed '/^#[.] xattr+/d; /^#[.] xattr.user.large/d; s/ time=[^ ]*//; s/ [ug]id=[^ ]*//g' attributes.mtree >small.mtree
	if [ $form = keyword ]; then
		sed '/^#[.]/d; /^[.]\/d\/f /s/$/ xattr.user.a=Yg==/' small.mtree >keyword.mtree
		mv keyword.mtree small.mtree
	fi
	setfattr -x user.a attributes.tree/d/f 2>/dev/null || :
	oci-diff small.mtree attributes.tree | grep -qx d/f || fail "$form: a missing attribute"
	setfattr -n user.a -v b attributes.tree/d/f
	expect 0 oci-diff small.mtree attributes.tree
	assert_empty out
done

# A last dot or slash is that of a directory, as for the kernel.
for path in lib lib/. lib/ usr/lib/. etc/passwd; do
	expect 0 oci-list --long $path <line
	sed 's/.* //;q' out
done >names
printf '%s\n' usr/lib usr/lib/ usr/lib/ usr/lib/ etc/passwd | diff - names
for path in etc/passwd/. etc/passwd/ etc/passwd/..; do assert_failed 69 oci-list oci-list $path <line; done
expect 0 oci-list --size <line
cat >expected.size <<'END'
      SIZE   COVERED  LAYER  PATH
1022 bytes  97.7 KiB      1  /
  27 bytes                2  /
   0 bytes  97.7 KiB      1  /large
1000 bytes                1  /usr
   4 bytes                2  /usr
  22 bytes  10 bytes      1  /etc
  19 bytes                2  /etc
   0 bytes   3 bytes      1  /gone
   3 bytes                2  /gone
   1 bytes                2  /made
END
diff expected.size out

# Listings are kept by diffID, readable by this user alone, and used instead of the layers.
cache=$HOME/.cache/ocinoco
assert_equal 2 "$(find "$cache" -type f -perm 600 -name 'sha256-*.names' | wc -l)"
mv image away
cp line line.away
expect 0 oci-list --from oci:nowhere <line
cmp expected out
assert_failed 66 oci-list oci-list --no-cache --from oci:nowhere <line
assert_match "is not in 'oci:nowhere'; cannot open 'nowhere': " err
oci-push-blob oci:other <bad.tar >other.json
assert_failed 69 oci-list oci-list --no-cache --from oci:other <line
mv away image
# A damaged listing is not used, and is replaced.
for file in "$cache"/*; do
	cp "$file" kept
	size=$(wc -c <"$file")
	for damage in truncate flip empty grow; do
		case $damage in
		truncate) head -c $((size - 1)) kept >"$file" ;;
		flip) { head -c 40 kept && printf '\377' && tail -c +42 kept; } >"$file" ;;
		empty) : >"$file" ;;
		grow) { cat kept && echo; } >"$file" ;;
		esac
		expect 0 oci-list <line
		cmp expected out
		cmp kept "$file"
	done
done
# A cache directory that cannot be used is ignored; a layer that is not whole is not recorded.
for place in /dev/null /proc/none relative ''; do
	XDG_CACHE_HOME=$place expect 0 oci-list <line
	cmp expected out
	assert_empty err
done
# A home that does not exist stays so.
HOME=$PWD/nonexistent expect 0 env -u XDG_CACHE_HOME oci-list <line
cmp expected out
[ ! -e nonexistent ] || fail 'a home was made'
rm -rf "$cache"
cp -r image broken
blob=broken/blobs/sha256/$(field '.digest | split(":")[1]' 2.json)
printf x | dd of="$blob" bs=1 seek=20 conv=notrunc 2>dd.log
assert_failed 65 oci-list oci-list --from oci:broken <line
assert_equal 1 "$(find "$cache" -type f | wc -l)" 'the listing of the whole layer alone'

# The config and the layer have different diffIDs.
with_diff_id 1 "$(digest_of 1.json)" <line >lying
assert_failed 65 oci-list oci-list <lying
assert_match 'diffID mismatch' err

# What is refused.
assert_failed 69 oci-list oci-list usr/none <line
assert_failed 64 oci-list oci-list --long --size <line
assert_failed 64 oci-list oci-list --size usr etc <line
assert_failed 65 oci-list oci-list </dev/null
cat line line >two
assert_failed 65 oci-list oci-list <two
oci-fetch scratch | oci-manifest-append 1.json bad.json >bad
assert_failed 65 oci-list oci-list --from oci:image <bad
assert_match "'large' of layer 2 is refused" err
# Also a first entry without a name makes the input a tar, which is refused for it.
python3 - <<'END'
block = bytearray(512)
block[100:108], block[108:116], block[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
block[124:136], block[136:148], block[156:157] = b"00000000000\0", b"00000000000\0", b"0"
block[257:265], block[148:156] = b"ustar\x0000", b" " * 8
block[148:156] = b"%06o\0 " % sum(block)
open("nameless.tar", "wb").write(block + bytes(1024))
END
mkdir -p nameless/blobs/sha256
cp nameless.tar "nameless/blobs/sha256/$(digest_of nameless.tar | cut -d : -f 2)"
jq -cn --arg digest "$(digest_of nameless.tar)" '{mediaType: "application/vnd.oci.image.layer.v1.tar",
	digest: $digest, size: 1536, annotations: {"containerd.io/uncompressed": $digest}}' >nameless.json
oci-fetch scratch | oci-manifest-append nameless.json >bad
assert_failed 65 oci-list oci-list --from oci:nameless <bad
assert_match 'an entry has no name' err
oci-fetch scratch >empty
expect 0 oci-list <empty
assert_equal 3 "$(wc -l <out)"
expect 0 oci-list --long <empty
assert_empty out

# From a registry, three at once.
start_registry plain
ocinoco copy oci:image:1 "$registry/example/app:1" >copied
oci-fetch "$registry/example/app:1" >line
at_once=
for number in 1 2 3; do
	oci-list --no-cache <line >out.$number &
	at_once="$at_once $!"
done
# shellcheck disable=SC2086 # numbers
wait $at_once
for number in 1 2 3; do cmp expected out.$number; done
if [ -e /dev/full ]; then
	expect 74 sh -c 'oci-list <line >/dev/full'
	assert_message oci-list
fi
