# The wrapper's sources, destinations and options, under dash and bash.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
wrapper=$(command -v ocinoco)

check_image() {
	unpack_image "$1" root
	assert_equal '["node","server.js"]' "$(jq -c .config.Cmd config.json)"
	run_image root >printed
	printf '%s\n' 'served by 1000:1000 in /app' 'data of the app' | diff - printed
}

for shell in dash bash; do
	build() {
		"$shell" "$wrapper" build "$@" --from "$registry/example/base:latest" --cmd '["node","server.js"]'
	}
	app=$registry/example/app-$shell

	expect 0 build ./dist --tag "$app:1" --tag "$app:2" --root-dir /app --uid 1000 --gid 1000 --push --user 1000:1000
	assert_empty err
	assert_equal "$(tag_digest "example/app-$shell:1")" "$(field .digest out)"
	assert_equal "$(tag_digest "example/app-$shell:2")" "$(field .digest out)"
	check_image "$app:1"
	cp out first

	# Nothing is stored without --push or --output; the printed descriptor is that of a push.
	expect 0 build ./dist --tag "$app:none" --root-dir /app --uid 1000 --gid 1000 --user 1000:1000
	cmp out first
	assert_message ocinoco
	assert_equal '' "$(tag_digest "example/app-$shell:none")"
	expect 0 build ./dist --tag "$registry/other/app-$shell" --root-dir /app --uid 1000 --gid 1000 --user 1000:1000 -q
	cmp out first
	assert_empty err
	[ ! -e "$storage/docker/registry/v2/repositories/other" ] || fail 'something was stored'

	# --keep keeps the intermediate files.
	expect 0 build ./dist --tag "$app:3" --root-dir /app --uid 1000 --gid 1000 --user 1000:1000 --push --keep "kept $shell"
	cmp out first
	assert_equal 'appended.json base.json image.json layer.json layer.tar layer.tar.zst ' \
		"$(cd "kept $shell" && printf '%s ' *)"
	assert_equal "$(field .digest "kept $shell/layer.json")" "$(digest_of "kept $shell/layer.tar.zst")"
	assert_equal "$(field '.annotations["containerd.io/uncompressed"]' "kept $shell/layer.json")" \
		"$(digest_of "kept $shell/layer.tar")"
	oci-manifest-append "kept $shell/layer.json" <"kept $shell/base.json" | cmp - "kept $shell/appended.json"
	build ./dist --tag "$app:3" --root-dir /app --uid 1000 --gid 1000 --user 1000:1000 --push --keep scripted -n >script
	"$shell" script | cmp - first
	diff -r "kept $shell" scripted
	rm -r scripted

	# Other sources of the same layer.
	for compress in zstd gzip none pigz 'zstd -q -19'; do
		expect 0 "$shell" "$wrapper" pack ./dist layer --root-dir /app --uid 1000 --gid 1000 --compress "$compress"
		assert_empty err
		assert_equal "$(field .digest out)" "$(digest_of layer)"
		decompress <layer >layer.tar
		assert_equal "$(field '.annotations["containerd.io/uncompressed"]' out)" "$(digest_of layer.tar)"
		expect 0 build layer --tag "$app:4" --push --user 1000:1000
		assert_equal "$(digest_of layer)" "$(field '.layers[-1].digest' "$(blob_file "$(field .digest out)")")"
		check_image "$app:4"
	done
	build - --tag "$app:5" --push --user 1000:1000 <layer.tar | cmp - first
	expect 0 build layer.tar --compress zstd --tag "$app:6" --push --user 1000:1000
	cmp out first

	# pack: to stdout, and twice the same; --level, and gzip's header.
	"$shell" "$wrapper" pack ./dist - --root-dir /app --uid 1000 --gid 1000 >streamed
	assert_equal "$(field '.layers[-1].digest' "$(blob_file "$(field .digest first)")")" "$(digest_of streamed)"
	"$shell" "$wrapper" pack ./dist l9 --level 9 >l9.json
	"$shell" "$wrapper" pack ./dist l1 --level=1 >l1.json
	[ "$(wc -c <l9)" -lt "$(wc -c <l1)" ] || fail 'no effect of --level'
	"$shell" "$wrapper" pack ./dist gzip1 --compress gzip --level 1 >gzip.json
	sleep 1
	"$shell" "$wrapper" pack ./dist gzip2 --compress gzip --level 1 | cmp - gzip.json
	cmp gzip1 gzip2

	# The script of -n does the same.
	build ./dist --tag "$app:script" --root-dir /app --uid 1000 --gid 1000 --push --user 1000:1000 -n >script
	expect 0 env -i PATH="$PATH" HOME="$HOME" "$shell" script
	cmp out first
	assert_empty err
	assert_equal "$(field .digest first)" "$(tag_digest "example/app-$shell:script")"

	# From scratch into a layout.
	mkdir hello
	cp "$(command -v busybox)" hello/echo
	expect 0 "$shell" "$wrapper" build ./hello --from scratch --tag app:1 --output oci:./image:app \
		--cmd '["/echo","from scratch"]' --label 'a label=x=y'
	assert_empty err
	assert_equal app "$(field '.manifests[0].annotations["org.opencontainers.image.ref.name"]' image/index.json)"
	assert_equal "$(field .digest out)" "$(field '.manifests[0].digest' image/index.json)"
	unpack_layout image root
	assert_equal 'x=y' "$(field '.config.Labels["a label"]' config.json)"
	assert_equal 'from scratch' "$(run_image root)"
	skopeo_copy oci:image:app "docker://$registry/scratch-$shell:1"

	# A registry's image into a layout, complete.
	expect 0 build ./dist --output oci:./image2:app --root-dir /app --uid 1000 --gid 1000 --user 1000:1000
	unpack_layout image2 root
	run_image root >printed
	assert_equal 'served by 1000:1000 in /app' "$(head -n 1 printed)"
	rm -r image image2 hello

	# No file is left behind.
	assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
done
assert_equal 0 "$(upload_sessions)"
