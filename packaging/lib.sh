# shellcheck shell=sh
# What the scripts that make packages share. They are run from the root of the checkout, with the portable
# binaries built, and make the same bytes from the same commit.

set -eu
umask 022

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM
# shellcheck disable=SC2034 # the scripts read these
machine=$(uname -m)
# shellcheck disable=SC2034
# The C library that the portable binaries need.
glibc=$(sed -n 's/^glibc=//p' packaging/portable)

# install_portable DIR KIND: the portable tools as they are installed, under the prefix DIR. `--version`
# says that they come from a package of that KIND.
install_portable() {
	make --no-print-directory -s install-tree built=.build/portable/release PREFIX="$1" DESTDIR=
	echo "$2" >"$1/libexec/ocinoco/package"
}

# replace_links DIR: scripts in place of the links in DIR/bin, for packages that cannot hold links.
replace_links() {
	for link in "$1"/bin/oci-*; do
		[ -L "$link" ] || continue
		binary=$(readlink "$link")
		rm "$link"
		cat >"$link" <<END
#!/bin/sh
case \$0 in */*) self=\$0 ;; *) self=\$(command -v -- "\$0") ;; esac
[ ! -L "\$self" ] || self=\$(readlink -f -- "\$self")
exec "\${self%/*}/$binary" ${link##*/} "\$@"
END
		chmod 755 "$link"
	done
}

# package DIR NAME: the tree DIR as a tarball whose one directory is NAME, on stdout.
package() {
	"$work/tools/bin/oci-tar" "$1" --root-dir "/$2" --mtime "$SOURCE_DATE_EPOCH" | gzip -9n
}
