# The Debian package, the image of the tools by the tools, and the tarball of the sources.

# shellcheck source=../lib.sh
. "$TEST_LIB"

packages=$PWD/packages
version=$(sed -n 's/.*"ocinoco \([0-9.]*\)".*/\1/p' "$ROOT/Sources/ToolSupport/Version.swift")

# As users get it but for the compression, which takes longer than everything else.
export DPKG_DEB_COMPRESSOR_TYPE=gzip DPKG_DEB_COMPRESSOR_LEVEL=1
"$ROOT/packaging/deb" "$version" "$packages" >name 2>log
deb=$(cat name)
lintian --allow-root --fail-on error,warning "$deb" >lintian.log 2>&1 || fail "$(cat lintian.log)"
first=$(digest_of "$deb")
"$ROOT/packaging/deb" "$version" "$packages" >name 2>log
assert_equal "$first" "$(digest_of "$deb")" 'the same tools give the same package'
for library in libc6 libcurl4 libssl3 libzstd1 zlib1g; do
	dpkg-deb -f "$deb" Depends | grep -qw "$library" || fail "no dependency on $library"
done
dpkg-deb -x "$deb" installed
for tool in $(make -C "$ROOT" --no-print-directory -s list-tools); do
	PATH=/usr/bin:/bin "$PWD/installed/usr/bin/$tool" --version >printed
	grep -q "^ocinoco $version" printed || fail "$tool: $(cat printed)"
	[ -f "installed/usr/share/man/man1/$tool.1.gz" ] || fail "no page of $tool"
	[ -f "installed/usr/share/bash-completion/completions/$tool" ] || fail "no completions of $tool"
	[ -f "installed/usr/share/zsh/site-functions/_$tool" ] || fail "no completions of $tool"
	[ -f "installed/usr/share/fish/vendor_completions.d/$tool.fish" ] || fail "no completions of $tool"
done

# On scratch with every library, and on a base that has none: the tools run there.
start_registry plain
"$ROOT/packaging/image" scratch "$registry/ocinoco/tools:scratch" >pushed.json
assert_equal "$(tag_digest ocinoco/tools:scratch)" "$(field .digest pushed.json)"
unpack_image "$registry/ocinoco/tools:scratch" root
chroot root /usr/bin/oci-fetch --version >printed
assert_match '^libcurl ' printed
chroot root /usr/bin/oci-tar /etc | chroot root /usr/bin/oci-zstd | chroot root /usr/bin/oci-digest >layer.json
assert_equal application/vnd.oci.image.layer.v1.tar+zstd "$(field .mediaType layer.json)"

# The tarball of a repository: what is committed, with its commit in place of the placeholder.
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
