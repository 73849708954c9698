# Every block of the README runs, in its order and in one directory, and prints what the README says. A registry of this
# machine replaces the one that is named. A comment before a block that is not run says why.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base_for_two_platforms
export TZ=UTC REGISTRY_AUTH_FILE="$PWD/auth.json" ACTOR=someone TOKEN=secret SHA=0123456789

# What a reader has.
mkdir project
cd project
make_dist
# Names with spaces are beyond make.
rm -r 'dist/a dir'
mkdir -p build/amd64 build/arm64 public
echo amd64 >build/amd64/tool
echo arm64 >build/arm64/tool
cp "$ROOT/examples/static-site/public/index.html" public/
chmod 755 public
chmod 644 public/index.html
ln -s "$ROOT/examples" examples
echo '{"spdxVersion":"SPDX-2.3"}' >sbom.json
echo secret >token

# Programs as a reader has them: skopeo with a policy and a registry with TLS, a compiler, and a runtime. chroot
# replaces the runtime where this machine allows no namespaces.
mkdir ../programs
cat >../programs/skopeo <<END
#!/bin/sh
command=\$1
shift
exec "$(command -v skopeo)" --insecure-policy "\$command" --src-tls-verify=false --dest-tls-verify=false "\$@"
END
command -v cc >/dev/null || ln -s "$(command -v clang)" ../programs/cc
if ! (cd .. && namespaces_allowed); then
	cat >../programs/runc <<'END'
#!/bin/sh
exec chroot rootfs "$(jq -r '.process.args[0]' config.json)"
END
fi
chmod 755 ../programs/*
PATH=$PWD/../programs:$PATH

# block.N.LANGUAGE for each block, except those that are not run.
awk '
	/^```/ && inside { inside = 0; next }
	inside { if (file) print >file; next }
	/^```/ {
		inside = 1
		file = skipped ? "" : sprintf("../block.%02d.%s", ++count, substr($0, 4))
	}
	{ skipped = /^<!-- not run here: .+ -->$/ }' "$ROOT/README.md"

here() {
	sed "s|https://ghcr\.io|http://$registry|g; s|ghcr\.io|$registry|g" "$1"
}

# Every line of a block that begins with $ is run by one shell, with the output that the README shows.
run_console() {
	here "$1" | sed -n 's/^\$ //p' | while IFS= read -r command; do
		# shellcheck disable=SC2016 # for the shell that runs the block
		printf 'status=$?; printf "%%s\\n" %s; (exit "$status")\n' "$(printf '$ %s' "$command" | jq -Rr @sh)"
		printf '%s\n' "$command"
	done >commands
	bash commands 2>&1 | sed "s|http://$registry|https://ghcr.io|g; s|$registry|ghcr.io|g"
}

# Another version of the library makes other digests of compressed layers.
same_library() {
	case $(oci-zstd --version) in
	*'libzstd 1.5.4'*) cat ;;
	*) sed -E 's/sha256:[0-9a-f]{64}|[0-9a-f]{12,64}|"size": ?[0-9]+|[0-9]+ bytes| +SIZE/?/g' ;;
	esac
}

ran=0
for block in ../block.*; do
	echo "--- ${block#../}"
	case $block in
	*.console)
		run_console "$block" >"$block.printed"
		same_library <"$block" >expected
		same_library <"$block.printed" | diff expected - || fail "$(cat "$block")"
		;;
	*.sh)
		here "$block" >script
		bash -eu -o pipefail script >"$block.printed" </dev/null || fail "$(cat "$block")"
		;;
	*.make) here "$block" >Makefile && cp "$block" "$block.printed" ;;
	*.yaml)
		/usr/bin/python3 -c 'import sys, yaml
for step in yaml.safe_load(sys.stdin): print(step["run"])' <"$block" >steps
		here steps >script
		sh -eu script >"$block.printed"
		;;
	*) fail "'$block' is of no language that is run" ;;
	esac
	ran=$((ran + 1))
done
[ "$ran" -ge 17 ] || fail "only $ran blocks"
assert_equal 0 "$(upload_sessions)"

rm ../programs/skopeo

# The pipeline at the beginning, and the results of other blocks.
here ../block.01.sh >pipeline
sh pipeline >pushed.json
assert_equal "$(tag_digest example/app:latest)" "$(field .digest pushed.json)"
unpack_image "$registry/example/app:latest" opened
assert_equal '["PATH=/bin","NODE_ENV=production"]' "$(jq -c .config.Env config.json)"
# Without a registry.
sed 's|ghcr\.io/example/base:latest|scratch|; s|ghcr\.io/example/app[:a-z]*|oci:./image.d:app|' ../block.01.sh >pipeline
sh pipeline >pushed.json
unpack_layout image.d opened
assert_equal '["node","server.js"]' "$(jq -c .config.Cmd config.json)"
assert_equal "$(tag_digest example/app:jq)" "$(tag_digest example/copy:1)"
oci-fetch --raw "$registry/example/app:all" >index.json
assert_equal 2 "$(jq '.manifests | length' index.json)"
for arch in amd64 arm64; do
	oci-fetch --platform "linux/$arch" "$registry/example/tool:1" >line
	oci-layers <line | oci-fetch --blob "$registry/example/tool" | zstd -dcq | bsdtar -xOf - usr/bin/tool >tool
	assert_equal "$arch" "$(cat tool)"
done

# The Makefile.
find dist -exec touch -h -d '1 hour ago' '{}' +
rm -f layer.json
make -s push >pushed.json
assert_equal "$(tag_digest example/app:latest)" "$(field .digest pushed.json)"
# Only changed layers are packed again.
packed=$(stat -c %y layer.json)
make -s push | cmp - pushed.json
assert_equal "$packed" "$(stat -c %y layer.json)" 'packed again'
sleep 0.01
echo changed >dist/lib/data
make -s push >changed.json
assert_equal "$(tag_digest example/app:latest)" "$(field .digest changed.json)"
[ "$(field .digest pushed.json)" != "$(field .digest changed.json)" ] || fail 'a change had no effect'
# A failed step leaves no descriptor behind.
rm layer.json
if make -s APP=127.0.0.1:1/app push >out 2>err; then fail 'a push to nowhere'; fi
assert_empty out
[ ! -e layer.json ] || fail 'a descriptor of what was not pushed'
