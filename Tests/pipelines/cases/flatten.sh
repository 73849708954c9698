# oci-flatten: parts of an image, links, squashed layers, and what leaves the tar without its end.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir -p lower/bin lower/etc upper/etc
echo one >lower/bin/one
ln lower/bin/one lower/bin/two
ln -s bin lower/sbin
echo root:x:0:0::/:/bin/sh >lower/etc/passwd
seq 1 100000 >lower/numbers
echo new >upper/etc/new
oci-tar lower --mtime 1700000000 | oci-zstd | oci-push-blob oci:image >1.json
oci-tar upper --mtime 1700000001 --whiteout /bin/one --opaque /gone | oci-zstd |
	oci-push-blob oci:image >2.json
oci-fetch scratch | oci-manifest-append 1.json 2.json | oci-push-manifest oci:image:1 >pushed
oci-fetch oci:image:1 >line

expect 0 oci-flatten <line
assert_empty err
tar -tf out >names
cat >expected <<'END'
bin/
bin/two
etc/
etc/passwd
numbers
sbin
etc/new
END
cmp expected names
mkdir all
tar -xpf out --delay-directory-restore -C all
cmp lower/bin/two all/bin/two
assert_equal 1700000001 "$(stat -c %Y all/etc)" 'the time of the upper directory'

# A part, by its path in the image.
expect 0 oci-flatten --only sbin/two --only /etc/new <line
tar -tf out >names
printf 'bin/two\netc/new\n' | cmp - names
expect 0 oci-flatten --only sbin/ <line
tar -tf out >names
printf 'bin/\nbin/two\n' | cmp - names
oci-flatten --only etc/passwd <line | tar -xOf - >passwd
cmp lower/etc/passwd passwd
assert_failed 69 oci-flatten oci-flatten --only bin/one <line

# With parent directories and links, so that the path works where it is unpacked.
expect 0 oci-flatten --only sbin/two --only missing/x --follow <line
tar -tf out >names
printf 'bin/\nbin/two\nsbin\n' | cmp - names
expect 0 oci-flatten --only sbin --follow <line
tar -tf out >names
printf 'bin/\nbin/two\nsbin\n' | cmp - names
expect 0 oci-flatten --only missing --follow <line
tar -tf out >names
assert_empty names
expect 64 oci-flatten --follow <line

# The changes of the upper layers as one layer: in their place it makes the same files.
oci-fetch scratch | oci-manifest-append 1.json >base.json
expect 0 oci-flatten --above base.json <line
tar -tf out >names
printf "bin/.wh.one\netc/\netc/new\n" | cmp - names
mkdir -p more/etc more/lib
echo 2 >more/lib/two
oci-tar more --whiteout /numbers --whiteout /etc/passwd --whiteout /sbin | oci-zstd |
	oci-push-blob oci:image >more.json
oci-fetch oci:image:1 | oci-manifest-append --created-by more more.json | oci-push-manifest oci:image:more >pushed
oci-fetch oci:image:more >more.line
oci-flatten --above base.json <more.line | oci-zstd | oci-push-blob oci:image >above.json
oci-manifest-append --squash base.json above.json <more.line | oci-push-manifest oci:image:above >pushed
oci-validate oci:image:above >faults
oci-fetch oci:image:above >above.line
assert_equal 2 "$(oci-layers <above.line | wc -l)"
assert_equal 'null,true,null' "$(oci-fetch --config oci:image:above | jq -r '[.history[].empty_layer | tostring] | join(",")')"
for image in more above; do
	oci-list <$image.line | sed 's/layer:[0-9]*/layer/g' >$image.list
done
cmp more.list above.list
assert_failed 65 oci-flatten oci-flatten --above above.line <more.line
assert_failed 65 oci-manifest-append oci-manifest-append --squash above.line above.json <more.line
cp more.line same.line
assert_failed 65 oci-manifest-append oci-manifest-append --squash same.line above.json <more.line
expect 64 oci-flatten --above base.json --only x <line
expect 64 oci-manifest-append <line
expect 64 oci-manifest-append --no-layer above.json <line

# Squashed: the same files in one layer.
oci-flatten <line | oci-zstd | oci-push-blob oci:image >squashed.json
oci-fetch scratch | oci-manifest-append squashed.json | oci-push-manifest oci:image:2 >pushed
oci-fetch oci:image:1 | oci-list | sed 's/layer:[0-9]*/layer/' >before
oci-fetch oci:image:2 | oci-list | sed 's/layer:[0-9]*/layer/' | cmp before -

# A layer whose files are all replaced is not read for them; a damaged layer leaves the tar without its end.
oci-tar upper --whiteout /etc --whiteout /bin --whiteout /sbin --whiteout /numbers --root-dir /only |
	oci-zstd | oci-push-blob oci:image >3.json
oci-fetch scratch | oci-manifest-append 1.json 3.json | oci-push-manifest oci:image:3 >pushed
oci-fetch oci:image:3 | oci-list >/dev/null
cp -r image broken
rm "broken/blobs/sha256/$(field '.digest | split(":")[1]' 1.json)"
expect 0 oci-flatten --from oci:broken <<-END
	$(oci-fetch oci:image:3)
END
tar -tf out >names
printf 'only/\nonly/etc/\nonly/etc/new\n' | cmp - names
assert_failed 69 oci-flatten oci-flatten --from oci:broken <line
cp -r image cut
blob=cut/blobs/sha256/$(field '.digest | split(":")[1]' 1.json)
head -c 2000 "$blob" >part
cp part "$blob"
expect 65 oci-flatten --from oci:cut <line
assert_message oci-flatten
mv out no-end
expect 65 oci-zstd <no-end

# A layer that is not its diffID's, whether its files are written or none is left of them. Its listing is not kept.
oci-fetch oci:image:3 >hidden
for index in 0 1; do
	for image in line hidden; do
		with_diff_id "$index" "$(digest_of line)" <"$image" >lying
		for option in --no-cache --from=oci:image; do
			rm -rf fresh
			expect 65 env XDG_CACHE_HOME="$PWD/fresh" oci-flatten "$option" <lying
			assert_match "^oci-flatten: diffID mismatch .*" err
			mv out no-end
			expect 65 oci-zstd <no-end
			if [ -e fresh ] && find fresh -type f | grep -q "$(digest_of line | cut -c8-)"; then
				fail 'keeps the listing of a layer that is not its'
			fi
		done
	done
done

assert_failed 65 oci-flatten oci-flatten </dev/null
if [ -e /dev/full ]; then
	expect 74 sh -c 'oci-flatten <line >/dev/full'
	assert_message oci-flatten
fi

# Names that upper layers add to files of the layers below are hard links; a file that has lost its names there is
# written once.
python3 - <<'PYTHON'
import io, tarfile

def layer(name, *entries):
    with tarfile.open(name, "w") as tar:
        for path, kind, text in entries:
            info = tarfile.TarInfo(path)
            info.type = kind
            data = b""
            if kind == tarfile.REGTYPE:
                data = text.encode()
            else:
                info.linkname = text
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

F, L = tarfile.REGTYPE, tarfile.LNKTYPE
layer("low.tar", ("f", F, "1"), ("f2", L, "f"), ("g", F, "22"), ("d/z", F, "333"), ("k", F, "4"))
layer("top.tar", ("n", L, "f"), ("a/b/n", L, "g"), ("z1", L, "d/z"), ("z2", L, "z1"), ("k", L, "k"), (".wh.f", F, ""),
      (".wh.d", F, ""))
PYTHON
for layer in low top; do gzip -n <$layer.tar | oci-push-blob oci:links >$layer.json; done
oci-fetch scratch | oci-manifest-append low.json >base.json
oci-manifest-append top.json <base.json | oci-push-manifest oci:links:top >pushed
oci-fetch oci:links:top >line
oci-flatten --above base.json <line >above.tar
tar -tvf above.tar | sed 's/^\(.\).*[0-9][0-9]:[0-9][0-9] /\1 /' | diff - /dev/fd/3 3<<'LIST'
- .wh.d
- .wh.f
- z1
h z2 link to z1
d a/
d a/b/
h a/b/n link to g
h n link to f2
LIST
gzip -n <above.tar | oci-push-blob oci:links >above.json
oci-manifest-append above.json <base.json | oci-list --from oci:links --digests |
	sed 's/layer:[0-9]*/layer/' >above.list
oci-list --digests <line | sed 's/layer:[0-9]*/layer/' | diff above.list -
