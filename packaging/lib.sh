# shellcheck shell=sh
# Functions for the scripts that make packages. They run in the root of the checkout, after the portable
# binaries were built, and make the same bytes from the same commit.

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

# install_portable DIR KIND: installs the portable tools under the prefix DIR. `--version` names the KIND of
# package.
install_portable() {
	make --no-print-directory -s install-tree built=.build/portable/release PREFIX="$1" DESTDIR=
	echo "$2" >"$1/libexec/ocinoco/package"
}

# replace_links DIR: replaces the links in DIR/bin by scripts, for packages that cannot have links.
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

# package DIR NAME: writes the tree DIR to stdout as a tarball with one directory, NAME.
package() {
	"$work/tools/bin/oci-tar" "$1" --root-dir "/$2" --mtime "$SOURCE_DATE_EPOCH" | gzip -9n
}
