# zstd:chunked of random trees: every frame decompresses alone, the table matches the tar, and tar-split restores it.
# shellcheck source=../lib.sh
. "$TEST_LIB"

for seed in 1 2 3 4 5 6 7 8; do
	python3 "$ROOT/Tests/pipelines/random_tree.py" "tree.$seed" "$seed" utf-8
	oci-tar --keep-owner --mtime keep "tree.$seed" >tree.tar
	oci-zstd --chunked --threads "$((seed % 3 + 1))" <tree.tar |
		oci-digest --tee layer.json >layer.zst
	oci-digest --verify-layer <layer.zst | cmp - layer.json
	python3 "$ROOT/Tests/pipelines/chunked_layer.py" layer.json layer.zst tree.tar
	tar --format=posix --sort=name -cf other.tar -C "tree.$seed" .
	oci-zstd --chunked <other.tar | oci-digest --tee layer.json >layer.zst
	python3 "$ROOT/Tests/pipelines/chunked_layer.py" layer.json layer.zst other.tar
	chmod -R u+rwX "tree.$seed"
	rm -rf "tree.$seed"
done
