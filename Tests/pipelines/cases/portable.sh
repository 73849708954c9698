# The portable binaries and their packages: what they need, that two builds have the same bytes, and that each package
# installs without a network and compiler, and then makes and pushes an image.

# shellcheck source=../lib.sh
. "$TEST_LIB"

version=$(make -C "$ROOT" -s --no-print-directory print-version)
machine=$(uname -m)
glibc=$(sed -n 's/^glibc=//p' "$ROOT/packaging/portable")

# They need only the C library, in a version that is at most the declared one.
for binary in "$ROOT/.build/portable/release/oci-filters" "$ROOT/.build/portable/release/oci-remote"; do
	objdump -p "$binary" | sed -n 's/^  NEEDED *//p' >needed
	! grep -Evx 'lib(c|m|dl|pthread)\.so\.[0-9]+|ld-linux.*' needed || fail "$binary needs more"
	newest=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
	printf '%s\n' "${newest#GLIBC_}" "$glibc" | sort -VC || fail "$binary needs $newest"
done

# The same tools give the same packages.
for kind in tarball wheel npm rpm deb; do
	"$ROOT/packaging/$kind" "$version" "$PWD/first" >"name.$kind" 2>log || fail "$kind: $(cat log)"
	name=$(cat "name.$kind")
	"$ROOT/packaging/$kind" "$version" "$PWD/second" >name 2>log
	assert_equal "$(digest_of "$name")" "$(digest_of "$PWD/second/${name##*/}")" "two builds of the $kind"
done
# Packages made here are not signed.
rpmlint "$(cat name.rpm)" | grep ': E: ' | grep -v ': E: no-signature$' && fail 'rpmlint has errors'
case $(cat name.wheel) in
*-manylinux_2_"${glibc#2.}_$machine".whl) ;;
*) fail "the tag of $(cat name.wheel)" ;;
esac

# The tools, pages and completions are there; the tools make an image and push it.
start_registry plain
mkdir site
echo hello >site/index.html
pushed=0
# try KIND PREFIX COMMAND...: COMMAND runs a command line in the root where the package of KIND is under PREFIX.
try() {
	kind=$1 prefix=$2
	shift 2
	assert_equal "$kind" "$(cat "$prefix/libexec/ocinoco/package")"
	for tool in $(make -C "$ROOT" --no-print-directory -s list-tools); do
		"$@" "$tool" --version >printed
		case $kind in
		# /proc, by which a tool finds the files beside it, is not mounted in these roots.
		deb | rpm) grep -q "^ocinoco $version" printed || fail "$tool: $(cat printed)" ;;
		*)
			head -n 1 printed | grep -Eqx "ocinoco $version \\((.*, )?$kind\\)" ||
				fail "$tool: $(cat printed)"
			;;
		esac
		[ -f "$prefix/share/man/man1/$tool.1" ] || [ -f "$prefix/share/man/man1/$tool.1.gz" ] ||
			fail "no page of $tool"
		[ -f "$prefix/share/bash-completion/completions/$tool" ] || fail "no completions of $tool"
	done
	pushed=$((pushed + 1))
	"$@" ocinoco build "$site" --from scratch --tag "$registry/made:$pushed" --root-dir /srv --push >built.json
	assert_equal "$(tag_digest "made:$pushed")" "$(field .digest built.json)"
}
# Without the built tools in PATH, and without anything that a user lacks.
plain() {
	env -i PATH="$prefix/bin:/usr/bin:/bin" HOME="$HOME" "$@"
}
namespace='unshare -n'
unshare -n true 2>/dev/null || namespace=

site=$PWD/site
mkdir tarball
tar -xf "$(cat name.tarball)" -C tarball
try tarball "$PWD/tarball/ocinoco-$version-linux-$machine" plain

python3 -m venv environment
$namespace environment/bin/pip install -q --no-index "$(cat name.wheel)"
try wheel "$PWD/environment" plain
ln -s environment/bin/oci-tar linked
./linked --version >printed

mkdir project
(
	cd project
	echo '{"name": "project", "version": "1.0.0"}' >package.json
	$namespace npm install --silent --offline --no-audit --no-fund "$(cat ../name.npm)" >../npm.log 2>&1
) || fail "npm: $(cat npm.log)"
prefix=$PWD/project/node_modules/ocinoco
(cd project && npx --offline ocinoco --version) >printed
assert_match "^ocinoco $version" printed
try npm "$prefix" plain

# A system with an older C library, without a compiler.
root=$ROOT/.build/roots/bullseye
if [ ! -x "$root/bin/sh" ]; then
	mkdir -p "$ROOT/.build/roots"
	rm -rf "$root.new"
	debootstrap --variant=minbase bullseye "$root.new" >debootstrap.log 2>&1 ||
		fail "debootstrap: $(tail -n 5 debootstrap.log)"
	mv "$root.new" "$root"
fi
cp -a "$root" deb
cp -a "$root" rpm
inside() {
	chroot "$system" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root "$@"
}
site=/srv/site
for system in deb rpm; do
	cp "$(cat name.$system)" "$system/package"
	cp -a site "$system/srv/site"
	! inside sh -c 'command -v cc gcc clang swift' || fail 'a compiler in the clean system'
done
system=deb
$namespace chroot deb dpkg -i /package >log 2>&1 || fail "dpkg: $(cat log)"
try deb "$PWD/deb/usr" inside
system=rpm
# RPM's database does not know Debian's C library.
$namespace rpm --root "$PWD/rpm" --nodeps --install "$PWD/rpm/package" >log 2>&1 || fail "rpm: $(cat log)"
try rpm "$PWD/rpm/usr" inside
