# Random trees come out of GNU tar unchanged, and rewriting a tar changes nothing.

# shellcheck source=../lib.sh
. "$TEST_LIB"

entries=0
for seed in $(seq 1 12); do
	rm -rf tree extracted
	python3 "$ROOT/Tests/pipelines/random_tree.py" tree "$seed"
	oci-tar --keep-owner --mtime keep tree >tree.tar
	mkdir extracted
	tar --numeric-owner --warning=none -xpf tree.tar -C extracted
	describe_tree tree no-xattrs >tree.list
	describe_tree extracted no-xattrs >extracted.list
	diff -a tree.list extracted.list || fail "another tree from seed $seed"
	entries=$((entries + $(wc -l <tree.list)))

	oci-tar --keep-owner --mtime keep --from-tar tree.tar >again.tar
	cmp tree.tar again.tar || fail "another tar from seed $seed"
	# As a list, in another order; the list may be empty, as its marks show.
	{
		printf '%s\0' .wh..wh..list-begin
		find tree -mindepth 1 -printf '%P\0' | sort -zr
		printf '%s\0' .wh..wh..list-end
	} | oci-tar --keep-owner --mtime keep --null --files-from - tree >listed.tar
	cmp tree.tar listed.tar || fail "another tar from the list of seed $seed"
	oci-zstd <tree.tar | oci-digest --verify-layer >layer.json
	assert_equal "$(digest_of tree.tar)" "$(field '.annotations["containerd.io/uncompressed"]' layer.json)"
done
[ "$entries" -gt 200 ] || fail "only $entries entries"
