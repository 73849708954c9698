# Layers of every compressor: recognized, checked and described; ours is the same on every machine.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir dist
seq 1 100000 >dist/numbers
tar_type=application/vnd.oci.image.layer.v1.tar

# assert_described FILE TYPE [OPTION...]: the descriptor line and nothing else.
assert_described() {
	file=$1 type=$2
	shift 2
	expect 0 oci-digest "$@" <"$file"
	assert_empty err
	printf '{"mediaType":"%s","digest":"%s","size":%s,"annotations":{"containerd.io/uncompressed":"%s"}}\n' \
		"$type" "$(digest_of "$file")" "$(wc -c <"$file")" "$diff_id" | cmp - out
}

# Without the trailer it is the output of zstd.
oci-tar dist >layer.tar
diff_id=$(digest_of layer.tar)
for options in '' '-1' '-19' '--long=27'; do
	case $options in
	--long=27) ours='--long 27' ;;
	*) ours=${options:+--level ${options#-}} ;;
	esac
	# shellcheck disable=SC2086 # words
	zstd -q -c -T2 $options <layer.tar >theirs.zst
	# shellcheck disable=SC2086
	oci-zstd --no-trailer $ours <layer.tar | cmp - theirs.zst
	# shellcheck disable=SC2086
	oci-zstd --any $ours <layer.tar | cmp - theirs.zst
	# shellcheck disable=SC2086
	oci-zstd $ours <layer.tar >ours.zst
	zstd -q -dc --long=27 ours.zst | cmp - layer.tar
	assert_described ours.zst "$tar_type+zstd"
	assert_described ours.zst "$tar_type+zstd" --verify-layer
done
# A window that needs more memory than a layer may ask for.
{
	cat layer.tar
	head -c 5000000 /dev/zero
} | zstd -q -c --ultra --long=28 >wide.zst
expect 65 oci-digest <wide.zst
assert_match 'has a window of more than 134217728 bytes' err

# Threads, processors and the pieces of the input make no difference, nor does a second run.
head -c 6000000 /dev/urandom | od -An -v -tx1 >dist/text
oci-tar dist >layer.tar
diff_id=$(digest_of layer.tar)
zstd -q -c -T2 <layer.tar >theirs.zst
oci-zstd --no-trailer <layer.tar | cmp - theirs.zst
oci-zstd <layer.tar >layer.zst
for threads in 1 2 3 4; do
	oci-zstd --threads "$threads" <layer.tar | cmp - layer.zst
done
taskset -c 0 oci-zstd <layer.tar | cmp - layer.zst
dd if=layer.tar bs=777 status=none | oci-zstd | cmp - layer.zst

# Every reader skips the trailer.
zstd -q -dc layer.zst | cmp - layer.tar
zstd -qt layer.zst
tar --zstd -tf layer.zst >names
bsdtar -tf layer.zst | cmp - names
assert_equal 2 "$(wc -l <names)"
trailer=$(printf '{"mediaType":"%s","digest":"%s","size":%s}' "$tar_type" "$diff_id" "$(wc -c <layer.tar)")
assert_equal "$trailer" "$(tail -c "${#trailer}" layer.zst)"

# The diffID does not depend on the compressor.
zstd -q -c --no-check layer.tar >unchecked.zst
gzip -c layer.tar >one.gz
pigz -p 4 -c layer.tar >pigz.gz
{ head -c 1000000 layer.tar | gzip && tail -c +1000001 layer.tar | gzip; } >two.gz
{ head -c 1000000 layer.tar | zstd -q && tail -c +1000001 layer.tar | zstd -q; } >two.zst
for file in layer.tar one.gz pigz.gz two.gz layer.zst theirs.zst unchecked.zst two.zst; do
	case $file in
	*.tar) type=$tar_type ;;
	*.gz) type=$tar_type+gzip ;;
	*.zst) type=$tar_type+zstd ;;
	esac
	assert_described "$file" "$type"
	assert_described "$file" "$type" --verify-layer
	assert_described "$file" "$type" --media-type "$type"
	dd if="$file" bs=501 status=none >pieces
	cmp "$file" pieces
	expect 0 oci-digest --media-type application/octet-stream <"$file"
	assert_equal null "$(field .annotations out)"

	# The line can go to a file, and the bytes pass on to stdout.
	expect 0 oci-digest --tee line.json <"$file"
	cmp "$file" out
	cp line.json expected.json
	oci-digest <"$file" | cmp - line.json
	oci-digest --tee /dev/fd/3 3>third.json <"$file" >passed
	cmp passed "$file"
	cmp third.json expected.json

	# Another algorithm for the blob's digest, but not for the diffID.
	expect 0 oci-digest --algorithm sha512 <"$file"
	set -- "$(sha512sum <"$file")"
	assert_equal "sha512:${1%% *}" "$(field .digest out)"
	assert_equal "$diff_id" "$(field '.annotations["containerd.io/uncompressed"]' out)"

	# A media type that the bytes contradict.
	for other in "$tar_type" "$tar_type+gzip" "$tar_type+zstd" application/vnd.docker.image.rootfs.diff.tar.gzip; do
		case $other in
		"$type") ;;
		*docker*gzip) [ "$type" = "$tar_type+gzip" ] || assert_failed 65 oci-digest oci-digest --media-type "$other" <"$file" ;;
		*) assert_failed 65 oci-digest oci-digest --media-type "$other" <"$file" ;;
		esac
	done

	# Damage in the middle, which only a checksum finds.
	case $file in
	one.gz | pigz.gz | two.gz | theirs.zst | two.zst)
		python3 - "$file" <<'END'
import sys

data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) * 2 // 3] ^= 4
open("damaged", "wb").write(data)
END
		assert_failed 65 oci-digest oci-digest <damaged
		;;
	esac
done

# A false trailer is believed, unless --verify-layer checks it.
python3 - <<'END'
data = open("layer.zst", "rb").read()
at = data.rindex(b"sha256:") + 7
other = b"0" if data[at:at + 1] != b"0" else b"1"
open("lying.zst", "wb").write(data[:at] + other + data[at + 1:])
END
expect 0 oci-digest <lying.zst
assert_failed 65 oci-digest oci-digest --verify-layer <lying.zst
assert_match 'layer trailer mismatch' err
head -c "$(($(wc -c <layer.zst) - ${#trailer} - 8))" layer.zst >stripped.zst
assert_failed 65 oci-digest oci-digest <stripped.zst
assert_match 'trailer of oci-zstd is missing' err
for command in 'cat layer.zst layer.zst' 'cat layer.zst one.gz' 'cat one.gz one.gz' 'cat layer.tar layer.tar' \
	'cat theirs.zst theirs.zst'; do
	$command >joined
	assert_failed 65 oci-digest oci-digest <joined
	assert_failed 65 oci-digest oci-digest --verify-layer <joined
done

# An empty tar, and one that is only padding.
for size in 1024 10240; do
	head -c "$size" /dev/zero >layer.tar
	diff_id=$(digest_of layer.tar)
	assert_described layer.tar "$tar_type"
	oci-zstd <layer.tar >layer.zst
	assert_described layer.zst "$tar_type+zstd"
	gzip -c layer.tar >one.gz
	assert_described one.gz "$tar_type+gzip"
done

# What is not a layer passes unchanged.
for text in x '{}' "$(seq 1 1000)"; do
	printf %s "$text" >blob
	expect 0 oci-digest <blob
	printf '{"mediaType":"application/octet-stream","digest":"%s","size":%s}\n' \
		"$(digest_of blob)" "$(wc -c <blob)" | cmp - out
	expect 0 oci-digest --media-type text/x-test <blob
	assert_equal text/x-test "$(field .mediaType out)"
	assert_failed 65 oci-digest oci-digest --media-type "$tar_type" <blob
done
