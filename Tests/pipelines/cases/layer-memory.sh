# A layer larger than the memory that packs it, and a directory of many files.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir dist
truncate -s 2G dist/zeros

# peak NAME COMMAND...: runs it and records its largest resident set.
peak() {
	name=$1
	shift
	/usr/bin/time -q -f %M -o "$name.peak" "$@"
}

assert_peak() {
	for name; do
		kilobytes=$(cat "$name.peak")
		[ "$kilobytes" -lt "$limit" ] || fail "$name took $kilobytes KiB"
	done
}

limit=131072
peak tar oci-tar dist | peak zstd oci-zstd | peak digest oci-digest --tee layer.json >layer.zst
assert_peak tar zstd digest
assert_equal "$(wc -c <layer.zst)" "$(field .size layer.json)"
assert_equal 2147485184 "$(tail -c 30 layer.zst | sed 's/.*"size":\([0-9]*\)}$/\1/')"
peak verify oci-digest --verify-layer <layer.zst >verified.json
assert_peak verify
cmp layer.json verified.json
zstd -q -dc layer.zst >pipe.tar &
wait $!
peak plain oci-digest <pipe.tar >plain.json
peak from oci-tar --from-tar pipe.tar | peak any oci-zstd --any | peak any-digest oci-digest >any.json
assert_peak plain from any any-digest
assert_equal "$(field '.annotations["containerd.io/uncompressed"]' layer.json)" \
	"$(field '.annotations["containerd.io/uncompressed"]' any.json)"
rm pipe.tar

# Unpacked again; so many zeros in so few bytes must be allowed by an option.
mkdir unpacked
assert_failed 65 oci-untar oci-untar unpacked <layer.zst
peak untar oci-untar --max-ratio 1000000 unpacked <layer.zst
assert_peak untar
cmp unpacked/zeros dist/zeros
rm -r unpacked

# At most 64 MiB and 200 bytes for each entry.
mkdir many
(cd many && seq 100001 200000 | xargs touch)
limit=$((65536 + 100000 * 200 / 1024))
peak many oci-tar many >many.tar
peak list sh -c 'cd many && find . -type f | oci-tar --files-from - | cmp - ../many.tar'
peak rewrite oci-tar --from-tar many.tar >again.tar
cmp many.tar again.tar
mkdir unpacked
peak unpack oci-untar unpacked <many.tar
assert_equal 100000 "$(find unpacked -type f | wc -l)"
assert_peak many list rewrite unpack
