"""layered_kinds.py [DIR NAME]: prints kinds of images that are easy to get wrong, or writes the layers of one.

The tars are DIR/1.tar and on.
"""

import io
import os
import sys
import tarfile

D, F, S, L, C = tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE


def e(path, kind=F, data=b"", link="", mode=None, pax=None, dev=(0, 0), uid=0):
    info = tarfile.TarInfo(path)
    info.type, info.linkname, info.mtime, info.uid = kind, link, 1000, uid
    info.mode = mode if mode is not None else 0o755 if kind == D else 0o644
    info.size = len(data)
    info.devmajor, info.devminor = dev
    info.pax_headers = pax or {}
    return info, data


KINDS = {
    # a hard link whose target an upper layer replaces, deletes, or makes a directory
    "link-replaced": [[e("a", data=b"old"), e("b", L, link="a")], [e("a", data=b"new")]],
    "link-target-deleted": [[e("d", D), e("d/a", data=b"old"), e("b", L, link="d/a")], [e("d/.wh.a")]],
    "link-target-directory": [[e("a", data=b"x"), e("b", L, link="a")], [e("a", D), e("a/f", data=b"y")]],
    "link-parent-deleted": [[e("d", D), e("d/a", data=b"old"), e("b", L, link="d/a")], [e(".wh.d")]],
    "link-opaque": [[e("d", D), e("d/a", data=b"old"), e("b", L, link="d/a")],
                    [e("d", D), e("d/.wh..wh..opq"), e("d/n", data=b"n")]],
    "link-then-replaced-in-layer": [[e("a", data=b"1"), e("b", L, link="a"), e("a", data=b"2")]],
    "link-across": [[e("a", data=b"low")], [e("b", L, link="a")], [e("a", data=b"up")]],
    "link-of-link": [[e("a", data=b"low"), e("b", L, link="a"), e("c", L, link="b")], [e(".wh.a"), e(".wh.b")]],
    "link-to-symlink": [[e("s", S, link="x"), e("b", L, link="s")], [e("s", data=b"file")]],
    # directories behind links, and below files
    "behind-link": [[e("usr", D), e("usr/lib", D), e("lib", S, link="usr/lib")], [e("lib/x", data=b"x")]],
    "behind-absolute-link": [[e("usr", D), e("usr/lib", D), e("lib", S, link="/usr/lib")], [e("lib/sub", D), e("lib/sub/x", data=b"x")]],
    "behind-link-directory-entry": [[e("usr", D), e("usr/lib", D), e("usr/lib/old", data=b"o"), e("lib", S, link="usr/lib")],
                                    [e("lib", D), e("lib/x", data=b"x")]],
    "whiteout-behind-link": [[e("usr", D), e("usr/lib", D), e("usr/lib/f", data=b"o"), e("lib", S, link="usr/lib")], [e("lib/.wh.f")]],
    "below-file": [[e("a", data=b"file")], [e("a/b", data=b"x")]],
    "below-fifo": [[e("a", tarfile.FIFOTYPE)], [e("a/b/c", data=b"x")]],
    "link-dangling-parent": [[e("lib", S, link="usr/none")], [e("lib/x", data=b"x")]],
    # types that change and change back
    "type-round": [[e("a", D), e("a/f", data=b"1")], [e("a", data=b"file")], [e("a", D), e("a/g", data=b"2")]],
    "type-link-directory": [[e("a", S, link="b"), e("b", D)], [e("a", D), e("a/x", data=b"1")]],
    "directory-replaced-by-link": [[e("a", D), e("a/f", data=b"1"), e("b", D)], [e("a", S, link="b")], [e("a/n", data=b"n")]],
    # whiteouts before and after entries, of the layer's own files, twice, of nothing
    "whiteout-after": [[e("a", data=b"1")], [e("a", data=b"2"), e(".wh.a")]],
    "whiteout-before": [[e("a", data=b"1")], [e(".wh.a"), e("a", data=b"2")]],
    "whiteout-directory-and-back": [[e("d", D), e("d/a", data=b"1")], [e(".wh.d"), e("d", D, mode=0o700), e("d/b", data=b"2")]],
    "whiteout-of-nothing": [[e("a", data=b"1")], [e(".wh.none"), e("x/.wh.none")]],
    "whiteout-then-back": [[e("a", data=b"1")], [e(".wh.a")], [e("a", data=b"3")]],
    "opaque-after": [[e("d", D), e("d/a", data=b"1"), e("d/k", D), e("d/k/x", data=b"x")],
                     [e("d", D), e("d/b", data=b"2"), e("d/k/y", data=b"y"), e("d/.wh..wh..opq")]],
    "opaque-without-entry": [[e("d", D, mode=0o711, uid=7), e("d/a", data=b"1")], [e("d/.wh..wh..opq"), e("d/b", data=b"2")]],
    "opaque-root": [[e("a", data=b"1"), e("d", D), e("d/x", data=b"x")], [e(".wh..wh..opq"), e("b", data=b"2")]],
    "opaque-nested": [[e("d", D), e("d/e", D), e("d/e/f", data=b"1")], [e("d/e/.wh..wh..opq"), e("d/.wh..wh..opq"), e("d/e/n", data=b"n")]],
    # names
    "long": [[e("/".join(["n" * 200] * 10), data=b"x")], [e("/".join(["n" * 200] * 9) + "/.wh." + "n" * 200), e("m" * 255, data=b"y")]],
    "dots": [[e("./a", data=b"1"), e("/b", data=b"2"), e("c//d", data=b"3"), e("e/./f", data=b"4")], [e("./.wh.a"), e("b/", D)]],
    "bytes": [[e("a\udcff\n\t b\\", data=b"1"), e("\u00e9", data=b"2"), e("e\u0301", data=b"3")], [e(".wh.\u00e9")]],
    # duplicates in one layer
    "twice": [[e("a", data=b"1"), e("a", data=b"22"), e("d", D, mode=0o700), e("d/f", data=b"x"), e("d", D, mode=0o711)]],
    "twice-types": [[e("a", D), e("a/f", data=b"1"), e("a", data=b"file")]],
    "twice-file-directory": [[e("a", data=b"file"), e("a", D), e("a/f", data=b"1")]],
    # attributes, devices
    "xattrs": [[e("a", data=b"1", pax={"SCHILY.xattr.user.k": "v1"}), e("d", D, pax={"SCHILY.xattr.user.k": "d"})],
               [e("a", data=b"1"), e("d", D, pax={"SCHILY.xattr.user.j": "e"})]],
    "devices": [[e("null", C, dev=(1, 3)), e("b", tarfile.BLKTYPE, dev=(8, 0)), e("c", L, link="null")], [e("null", data=b"file")]],
    "root": [[e("./", D, mode=0o700, uid=5), e("a", data=b"1")], [e("./", D, mode=0o711)]],
    "empty-layers": [[], [e("a", data=b"1")], []],
}


def main():
    directory, name = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    for number, entries in enumerate(KINDS[name], 1):
        with tarfile.open(f"{directory}/{number}.tar", "w", format=tarfile.PAX_FORMAT,
                          errors="surrogateescape") as tar:
            for info, data in entries:
                tar.addfile(info, io.BytesIO(data))


if len(sys.argv) == 1:
    print("\n".join(KINDS))
else:
    main()
