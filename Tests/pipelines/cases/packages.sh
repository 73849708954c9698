# The Debian package, the image of the tools made by the tools, and the tarball of the sources.

# shellcheck source=../lib.sh
. "$TEST_LIB"

packages=$PWD/packages
version=$(make -C "$ROOT" -s --no-print-directory print-version)

# As for users, except for the compression, which would take most of the time.
export DPKG_DEB_COMPRESSOR_TYPE=gzip DPKG_DEB_COMPRESSOR_LEVEL=1
"$ROOT/packaging/deb" "$version" "$packages" >name 2>log
deb=$(cat name)
lintian --allow-root --fail-on error,warning "$deb" >lintian.log 2>&1 || fail "$(cat lintian.log)"
first=$(digest_of "$deb")
"$ROOT/packaging/deb" "$version" "$packages" >name 2>log
assert_equal "$first" "$(digest_of "$deb")" 'the same tools give the same package'
DEBFULLNAME='A. Packager' DEBEMAIL=a@example.org "$ROOT/packaging/deb" "$version" "$PWD/mine" >name 2>log
assert_equal 'A. Packager <a@example.org>' "$(dpkg-deb -f "$(cat name)" Maintainer)"
assert_equal "libc6 (>= $(sed -n 's/^glibc=//p' "$ROOT/packaging/portable"))" "$(dpkg-deb -f "$deb" Depends)"
dpkg-deb -x "$deb" installed
for tool in $(make -C "$ROOT" --no-print-directory -s list-tools); do
	PATH=/usr/bin:/bin "$PWD/installed/usr/bin/$tool" --version >printed
	grep -q "^ocinoco $version" printed || fail "$tool: $(cat printed)"
	[ -f "installed/usr/share/man/man1/$tool.1.gz" ] || fail "no page of $tool"
	[ -f "installed/usr/share/bash-completion/completions/$tool" ] || fail "no completions of $tool"
	[ -f "installed/usr/share/zsh/site-functions/_$tool" ] || fail "no completions of $tool"
	[ -f "installed/usr/share/fish/vendor_completions.d/$tool.fish" ] || fail "no completions of $tool"
done

# On scratch, with every library.
start_registry plain
"$ROOT/packaging/image" scratch "$registry/ocinoco/tools:scratch" >pushed.json
assert_equal "$(tag_digest ocinoco/tools:scratch)" "$(field .digest pushed.json)"
unpack_image "$registry/ocinoco/tools:scratch" root
chroot root /usr/bin/oci-fetch --version >printed
assert_match '^libcurl ' printed
chroot root /usr/bin/oci-tar /etc | chroot root /usr/bin/oci-zstd | chroot root /usr/bin/oci-digest >layer.json
assert_equal application/vnd.oci.image.layer.v1.tar+zstd "$(field .mediaType layer.json)"

# On a base with a C library and a shell, whose /lib is a link as Debian's is.
mkdir -p glibc/usr/bin
ln -s usr/bin glibc/bin
for library in $(ldd "$(command -v bash)" | sed -nE 's/^\t([^ ]+ => )?(\/[^ ]+) \(0x.*/\2/p') \
	/lib/*/libm.so.6 /lib/*/libdl.so.2 /lib/*/libpthread.so.0 /lib/*/librt.so.1 /lib/*/libresolv.so.2; do
	top=${library#/}
	top=${top%%/*}
	[ "$top" = usr ] || ln -sfn "usr/$top" "glibc/$top"
	install -D -m 755 "$library" "glibc/usr/${library#/usr/}"
done
cp "$(command -v busybox)" glibc/usr/bin/sh
ocinoco build glibc --from scratch --tag "$registry/glibc:1" --push >pushed.json
"$ROOT/packaging/image" "$registry/glibc:1" "$registry/ocinoco/tools:glibc" >pushed.json
ocinoco unpack "$registry/ocinoco/tools:glibc" bundle --args '["/bin/sh"]'
[ -L bundle/rootfs/lib ] || fail '/lib is no longer a link'
mkdir bundle/rootfs/dev
: >bundle/rootfs/dev/null
chroot bundle/rootfs /bin/sh -c 'oci-fetch --version && ocinoco --version && oci-tar /bin | oci-digest' >printed
assert_match '^libcurl ' printed

# The tarball: the committed files, with the commit in place of the placeholder.
mkdir repository
(
	cd repository
	git -c init.defaultBranch=main init -q .
	mkdir packaging
	cp "$ROOT/packaging/dist" packaging/
	cp "$ROOT/Package.swift" "$ROOT/.gitattributes" .
	git add .
	git -c user.name=t -c user.email=t@localhost commit -q -m first
	touch new
)
repository/packaging/dist "$version" "$packages" >name
first=$(digest_of "$(cat name)")
git clone -q repository clone
clone/packaging/dist "$version" "$packages" >name
assert_equal "$first" "$(digest_of "$(cat name)")" 'the same commit gives the same tarball'
tar -xf "$(cat name)"
commit=$(git -C repository rev-parse --short HEAD)
assert_match "^let archived = \"$commit\"" "ocinoco-$version/Package.swift"
[ ! -e "ocinoco-$version/new" ] || fail 'what is not committed is in the tarball'
