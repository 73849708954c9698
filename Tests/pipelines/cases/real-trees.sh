# Trees as images have them, through pack and unpack and through umoci: busybox, Python, a Node application.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# A root by busybox: its applets are hard links, symbolic links, and a directory for each purpose.
mkdir -p busybox/bin busybox/sbin busybox/usr/bin busybox/usr/sbin busybox/etc busybox/dev
cp "$(command -v busybox)" busybox/bin/busybox
chroot busybox /bin/busybox --install /bin
ln -s ../../bin/busybox busybox/usr/bin/env
mkdir -m 1777 busybox/tmp
mkdir -m 700 busybox/root
echo root:x:0:0::/root:/bin/sh >busybox/etc/passwd
mknod -m 666 busybox/dev/null c 1 3

# Debian's Python with its libraries.
mkdir -p python/usr/bin python/usr/lib
interpreter=$(readlink -f /usr/bin/python3)
version=${interpreter##*/}
cp -a "$interpreter" python/usr/bin/
ln -s "$version" python/usr/bin/python3
cp -a "/usr/lib/$version" python/usr/lib/
rm -rf "python/usr/lib/$version"/config-* "python/usr/lib/$version/test"
{
	ldd "$interpreter"
	ldd "/usr/lib/$version"/lib-dynload/_json.*.so
} | grep -o '/[^ ]*' | sort -u >libraries
while read -r library; do
	case $library in *:) continue ;; esac
	mkdir -p "python${library%/*}"
	cp -L "$library" "python$library"
done <libraries

# An application with its packages, some of them scoped or nested, and links to programs.
python3 - <<'END'
import json, os

for number in range(150):
    scope = f"@scope-{number % 7}/" if number % 3 == 0 else ""
    package = f"node/app/node_modules/{scope}package-{number}"
    if number % 10 == 9:
        package += "/node_modules/inner/node_modules/@deep/er"
    for directory in ("lib/cjs", "lib/esm", "types", "test/fixtures/empty"):
        os.makedirs(f"{package}/{directory}")
    for name in ("package.json", "README.md", "LICENSE", "lib/cjs/index.js", "lib/esm/[...slug].mjs",
                 "types/index.d.ts", "bin.js", ".npmignore"):
        with open(f"{package}/{name}", "w") as file:
            json.dump({"name": package, "n": list(range(number))}, file)
    os.chmod(f"{package}/bin.js", 0o755)
    os.makedirs("node/app/node_modules/.bin", exist_ok=True)
    os.symlink(os.path.relpath(f"{package}/bin.js", "node/app/node_modules/.bin"),
               f"node/app/node_modules/.bin/program-{number}")
END
chown -R 1000:1000 node/app
find busybox python node -exec touch -h -d '2020-02-02 02:02:02 UTC' {} +
find node/app -name '*.js' -exec touch -d '1985-10-26 08:15:00 UTC' {} +

# Packed as three layers: unpacked by us and by umoci, they are the three trees.
base=scratch
for tree in busybox python node; do
	ocinoco build "$tree" --from "$base" --tag x --output "oci:packed:$tree" --keep-owner --mtime keep --xattrs \
		--compress gzip --cmd /bin/sh >/dev/null
	base=oci:packed:$tree
done
ocinoco unpack oci:packed:node ours
umoci unpack --image packed:node theirs 2>umoci.log
mkdir all
for tree in busybox python node; do cp -a "$tree/." all/; done
find all -type d -exec touch -h -d '2020-02-02 02:02:02 UTC' {} +
tree_listing_below all >expected
[ "$(wc -l <expected)" -gt 3000 ] || fail 'the trees are too small to say anything'
tree_listing_below ours/rootfs | diff expected -
tree_listing_below theirs/rootfs | diff expected -

# Without changes there is no layer.
ocinoco repack ours --output oci:packed:same >/dev/null
assert_equal "$(oci-fetch oci:packed:node | jq -c .layers)" "$(oci-fetch oci:packed:same | jq -c .layers)"

# Python runs.
# shellcheck disable=SC2016 # for the shell inside
chroot ours/rootfs /bin/sh -c 'cd /app && /usr/bin/env python3 -c "
import json
print(json.load(open(\"node_modules/package-1/package.json\"))[\"name\"])"' >printed
assert_equal node/app/node_modules/package-1 "$(cat printed)"

# The reverse: umoci packs them, and we unpack its layers.
umoci init --layout image
umoci new --image image:all
for tree in busybox python node; do umoci insert --image image:all "$tree" / >>umoci.log 2>&1; done
umoci config --image image:all --config.cmd /bin/sh
umoci unpack --image image:all judge 2>>umoci.log
ocinoco unpack oci:image:all bundle
tree_listing_below judge/rootfs >expected
tree_listing_below bundle/rootfs | diff expected -
