# The bounds in section LIMITS of oci-pipeline(7): larger input is refused, and the message says so.

# shellcheck source=../lib.sh
. "$TEST_LIB"

MIB=1048576

# spaces COUNT: prints COUNT spaces, which count as bytes of a document.
spaces() {
	head -c "$1" /dev/zero | tr '\0' ' '
}

# refused MESSAGE TOOL ARGUMENT...: standard input is bad data.
refused() {
	message=$1
	shift
	assert_failed 65 "$1" "$@"
	assert_match "$message" err
}

oci-fetch scratch >scratch.json
mkdir dist
echo hi >dist/file
oci-tar dist >layer.tar
oci-digest <layer.tar >layer.json
oci-manifest-append layer.json <scratch.json >image.json
oci-push-manifest oci:layout:x --from oci:layout <scratch.json >pushed.json

# Lines.
{
	spaces $((16 * MIB + 1))
	echo
} | refused "line 1 of 'standard input' has more than 16777216 bytes" oci-inspect
head -c 65537 /dev/zero | tr '\0' '\n' |
	refused "more than 65536 lines on 'standard input'" oci-inspect
spaces $((256 * MIB + 1)) | refused "more than 268435456 bytes on 'standard input'" oci-inspect

# Nesting.
nested() {
	head -c "$1" /dev/zero | tr '\0' '['
	head -c "$1" /dev/zero | tr '\0' ']'
	echo
}
nested 129 | refused 'nested deeper than 128 levels' oci-inspect
nested 128 >deep.json
assert_failed 65 oci-inspect oci-inspect <deep.json
! grep -q deeper err || fail 'nested no deeper than it may be'

# Layers.
layers() {
	jq -c --argjson count "$1" '.layers = [range($count) as $i | .layers[0]]' image.json
}
layers 10001 | refused 'layers: more than 10000 layers' oci-convert --to oci
layers 10000 >many.json
expect 0 oci-convert --to oci <many.json

# Manifests and configs.
oci-push-manifest oci:layout:raw --from oci:layout <scratch.json >/dev/null
{
	spaces $((4 * MIB))
	oci-fetch --raw oci:layout:raw
} >raw.json
assert_failed 65 oci-push-manifest oci-push-manifest oci:layout:raw --from oci:layout <raw.json
assert_match 'manifest is too large: [0-9]* bytes, where 4194304 is the most' err
digest=$(digest_of raw.json)
cp -R layout padded
cp raw.json "padded/blobs/sha256/${digest#sha256:}"
jq -c --arg digest "$digest" --argjson size "$(wc -c <raw.json)" \
	'.manifests[0].digest = $digest | .manifests[0].size = $size' layout/index.json >padded/index.json
assert_failed 65 oci-fetch oci-fetch "oci:padded@$digest"
assert_match 'more than 4194304 bytes in ' err
{
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
	spaces $((8 * MIB))
} >config.json
mkdir archive
cp config.json archive/c.json
printf '[{"Config":"c.json","RepoTags":["a:b"],"Layers":[]}]' >archive/manifest.json
tar -C archive -cf archive.tar manifest.json c.json
assert_failed 65 oci-load oci-load oci:loaded <archive.tar
assert_match "config 'c.json' of the archive has more than 8388608 bytes" err
start_scripted_registry
assert_failed 76 oci-fetch oci-fetch --raw "$registry/large/5:x"
assert_match 'a manifest of more than 4194304 bytes' err
assert_failed 76 oci-fetch oci-fetch --tags "$registry/large/17"
assert_match 'too large' err
assert_failed 76 oci-fetch oci-fetch --tags "$registry/large/16"
assert_match 'a list without an end' err
assert_equal 17 "$(grep -c '^GET /v2/large/16/tags/list ' requests)"

# Indexes inside one another.
for depth in 1 2 3 4 5 6 7 8 9; do
	oci-fetch --raw oci:nested:x >inner.json 2>/dev/null || oci-fetch --raw oci:layout:x >inner.json
	jq -nc --arg type "$(jq -r .mediaType inner.json)" --arg digest "$(digest_of inner.json)" \
		--argjson size "$(wc -c <inner.json)" '{schemaVersion:2,
			mediaType:"application/vnd.oci.image.index.v1+json",
			manifests:[{mediaType:$type,digest:$digest,size:$size}]}' >index.json
	status=0
	oci-push-manifest oci:nested:x --from oci:layout --from oci:nested <index.json >out 2>err ||
		status=$?
	[ "$depth" -gt 8 ] || assert_equal 0 "$status"
done
assert_equal 65 "$status"
assert_match 'indexes nested too deeply' err

# Tars: each at its bound, then one byte over it.
python3 - <<'END'
import io, tarfile

def header(name, kind, size):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)

def padded(data):
    return data + bytes(-len(data) % 512)

LIMIT = 1 << 20
end = bytes(1024)
file = header("file", tarfile.REGTYPE, 0)
for size in (LIMIT, LIMIT + 1):
    for kind in "xgKL":
        if kind in "xg":
            data = b"%d comment=" % size
            data += b"c" * (size - len(data) - 1) + b"\n"
        else:
            data = b"n" * 10 + bytes(size - 10)
        with open(f"{kind}-{size - LIMIT}.tar", "wb") as tar:
            tar.write(header("x", kind.encode(), size) + padded(data) + file + end)
for size in (4095, 4096):
    name = "/".join(["d" * 99] * 40 + ["f" * (size - 4000)])
    with open(f"path-{size - 4095}.tar", "wb") as tar:
        info = tarfile.TarInfo(name)
        tar.write(info.tobuf(tarfile.PAX_FORMAT) + end)
with open("size.tar", "wb") as tar:
    info = tarfile.TarInfo("file")
    info.pax_headers = {"size": str(1 << 63)}
    tar.write(info.tobuf(tarfile.PAX_FORMAT) + end)
END
mkdir root
for kind in x g K L; do
	refused 'an extended header of more than 1048576 bytes' oci-zstd <"$kind-1.tar"
	refused 'an extended header of more than 1048576 bytes' oci-digest <"$kind-1.tar"
	refused 'an extended header of more than 1048576 bytes' oci-untar root <"$kind-1.tar"
	refused 'an extended header of more than 1048576 bytes' oci-tar --from-tar "$kind-1.tar"
	expect 0 oci-digest <"$kind-0.tar"
	expect 0 oci-untar root <"$kind-0.tar"
done
refused 'its path has 4096 bytes' oci-untar root <path-1.tar
expect 0 oci-untar root <path-0.tar
assert_equal 1 "$(find root -name 'fff*' | wc -l)"
rm -r root
mkdir root
refused 'size is not a number' oci-digest <size.tar
refused 'size of a pax header is not a number' oci-untar root <size.tar

# Archives of images.
mkdir many
(
	cd many
	seq 65537 | xargs touch
)
tar -cf many.tar many
assert_failed 65 oci-load oci-load oci:loaded <many.tar
assert_match 'an archive of more than 65536 entries' err
mkdir documents
for number in 1 2 3 4 5 6 7 8 9; do
	{
		echo '{}'
		spaces $((8 * MIB - 3))
	} >"documents/$number"
done
tar -C documents -cf documents.tar .
assert_failed 65 oci-load oci-load oci:loaded <documents.tar
assert_match 'an archive with more than 67108864 bytes of documents' err
[ ! -e loaded/index.json ] || assert_equal 0 "$(jq '.manifests | length' loaded/index.json)"

# Snapshots.
{
	printf '#mtree\n. type=dir\nx type=file note='
	head -c $((16 * MIB)) /dev/zero | tr '\0' y
	printf '\n..\n'
} >long.mtree
assert_failed 65 oci-diff oci-diff long.mtree root
assert_match "snapshot on 'long.mtree' is too large at line 3" err
for size in 65536 65537; do
	{
		printf '#mtree\n. type=dir\n'
		python3 -c "import sys; n = $size
for i in range(n // 200 + 1):
    name = 'd' * min(199, n - i * 200)
    if name: print(name, 'type=dir')
for i in range(n // 200 + 1): print('..')
print('..')"
	} >"path-$size.mtree"
done
mkdir empty
expect 0 oci-diff path-65536.mtree empty
assert_failed 65 oci-diff oci-diff path-65537.mtree empty
assert_match "snapshot on 'path-65537.mtree' is too large at line" err

# The trailer of a layer.
oci-zstd <layer.tar >layer.zst
python3 - <<'END'
import struct

layer = open("layer.zst", "rb").read()
magic = struct.pack("<I", 0x184D2A5D)
start = layer.rindex(magic)
payload = layer[start + 8:]
for size in (4096, 4097):
    with open(f"trailer-{size}", "wb") as file:
        file.write(layer[:start] + magic + struct.pack("<I", size) + payload.ljust(size))
END
expect 0 oci-digest <trailer-4096
refused 'the trailer of oci-zstd is missing' oci-digest <trailer-4097

# The index of a layout.
oci-push-manifest oci:index:x --from oci:layout <scratch.json >/dev/null
size=$(wc -c <index/index.json)
spaces $((64 * MIB - size)) >>index/index.json
expect 0 oci-fetch --tags oci:index
echo >>index/index.json
assert_failed 65 oci-fetch oci-fetch --tags oci:index
assert_match "more than 67108864 bytes in 'index/index.json'" err

# Limits of the system. Exhausted memory is said, with the status of an error of the system.
head -c 3000000 /dev/urandom >dist/large
oci-tar dist >large.tar
ocinoco build dist --from scratch --output oci:large:1 >/dev/null
oci-fetch oci:large:1 >large.json
limited() {
	status=0
	(
		# shellcheck disable=SC3045 # dash has it
		ulimit -v "$1"
		shift
		exec "$@"
	) >out 2>err || status=$?
}
ended=0
for kibibytes in $(seq 20000 10000 160000); do
	for tool in 'oci-snapshot dist' 'oci-zstd --chunked' 'oci-list --no-cache --from oci:large' 'oci-untar untarred'; do
		mkdir -p untarred
		input=large.tar
		case $tool in oci-list*) input=large.json ;; esac
		# shellcheck disable=SC2086 # words
		limited "$kibibytes" $tool <$input
		case $status in
		0) ended=$((ended + 1)) ;;
		71) assert_message "${tool%% *}" ;;
		# The dynamic linker's.
		127) ;;
		*) fail "$tool in $kibibytes KiB: status $status, $(cat err)" ;;
		esac
	done
done
[ "$ended" -gt 0 ] || fail 'never enough memory'
# So is a file that may not become larger, and nothing gets its name.
(
	ulimit -f 100
	expect 74 oci-digest --output limited.tar <large.tar
	assert_match "cannot write 'limited.tar': File too large" err
	[ ! -e limited.tar ] || fail 'a part of a file has its name'
	expect 74 oci-push-blob oci:limited <large.tar
)
