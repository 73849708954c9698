# An installed tree can be moved and works from any directory; uninstalling it leaves nothing.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
tree=$PWD/dest/opt/tools
make -C "$ROOT" -s install-tree PREFIX=/opt/tools DESTDIR="$PWD/dest"
for tool in $(make -C "$ROOT" -s list-tools); do
	[ -x "$tree/bin/$tool" ] || fail "no $tool"
	case $(readlink "$tree/bin/$tool") in
	/*) fail "$tool is an absolute link" ;;
	esac
done
assert_equal '' "$(find dest -name 'oci-*' ! -path '*/opt/tools/*')" 'outside of the prefix'

# A stale copy in PATH must not be used.
mkdir stale
printf '#!/bin/sh\nexit 99\n' >stale/oci-tar
chmod +x stale/oci-tar
cp stale/oci-tar stale/oci-zstd
cp -a dest/opt/tools "moved tree"
mkdir links
PATH=$PWD/links:$PWD/stale:/usr/bin:/bin
"moved tree/bin/ocinoco" build dist --from scratch --tag app:1 --output oci:image:app >first.json

# Through a link from another directory, and from the directory itself.
ln -s "../moved tree/bin/ocinoco" links/ocinoco
ocinoco build dist --from scratch --tag app:1 -q | cmp - first.json
source=$PWD/dist
(cd "moved tree/bin" && ./ocinoco build "$source" --from scratch --tag app:1 -q) | cmp - first.json
(cd "moved tree/bin" && bash ocinoco build "$source" --from scratch --tag app:1 -q) | cmp - first.json

# So does its script.
ocinoco build dist --from scratch --tag app:1 -q -n >script
sh script | cmp - first.json

# sudo: nothing is built, so root needs no compiler.
make -C "$ROOT" -s install SWIFT=/nonexistent SUDO_USER=someone PREFIX=/opt/tools DESTDIR="$PWD/sudo"
diff -r sudo/opt/tools dest/opt/tools
expect 2 make -C "$ROOT" -s install SWIFT=/nonexistent PREFIX=/opt/tools DESTDIR="$PWD/none"
assert_match "^no '/nonexistent' in PATH; toolchains are at " err
[ ! -e none ] || fail 'something was installed'
mkdir unbuilt
cp "$ROOT/Makefile" unbuilt/
expect 2 make -C unbuilt -s install SUDO_USER=someone PREFIX="$PWD/unbuilt/p"
assert_match '^the tools are not built: run make before' err
[ ! -e unbuilt/p ] || fail 'something was installed'

make -C "$ROOT" -s uninstall PREFIX=/opt/tools DESTDIR="$PWD/dest"
assert_equal '' "$(find dest ! -type d)" 'what is left'
