"""layered_kinds.py [refused | DIR NAME]: prints kinds of images that are easy to get wrong, those that no tool takes, or
writes the layers of one.

The tars are DIR/1.tar and on.
"""

import io
import os
import sys
import tarfile

D, F, S, L, C = tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE


def e(path, kind=F, data=b"", link="", mode=None, pax=None, dev=(0, 0), uid=0, mtime=1000):
    info = tarfile.TarInfo(path)
    info.type, info.linkname, info.mtime, info.uid = kind, link, mtime, uid
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
    # a hard link to a file whose name a later whiteout of the same layer deletes
    "link-then-whiteout": [[e("k", data=b"low")], [e("k3", L, link="k"), e(".wh.k")]],
    "link-then-whiteout-parent": [[e("d", D), e("d/a", data=b"low"), e("d/b", data=b"x")], [e("k", L, link="d/a"), e(".wh.d")]],
    "link-then-opaque": [[e("d", D, mode=0o711), e("d/a", data=b"low"), e("d/b", data=b"x")],
                         [e("k", L, link="d/a"), e("d/.wh..wh..opq"), e("d/n", data=b"n")]],
    "link-inside-then-opaque": [[e("d", D), e("d/a", data=b"low")], [e("d/k", L, link="d/a"), e("d/.wh..wh..opq")]],
    "link-then-opaque-root": [[e("a", data=b"low"), e("b", data=b"x")], [e("k", L, link="a"), e(".wh..wh..opq")]],
    "link-to-symlink-then-whiteout": [[e("s", S, link="x")], [e("k", L, link="s"), e(".wh.s")]],
    "link-behind-link-then-whiteout": [[e("usr", D), e("usr/a", data=b"low"), e("lib", S, link="usr")],
                                       [e("k", L, link="lib/a"), e(".wh.lib"), e("usr/.wh.a"), e("usr", D)]],
    "link-whiteout-and-back": [[e("a", data=b"low")], [e("k", L, link="a"), e(".wh.a"), e("a", data=b"up")], [e("l", L, link="k")]],
    "link-replaces-link-on-its-way": [[e("d/f", data=b"1"), e("l", S, link="d")], [e("l", L, link="l/f")]],
    "link-of-link-then-whiteout": [[e("a", data=b"low"), e("b", L, link="a")], [e("c", L, link="b"), e(".wh.a"), e(".wh.b")]],
    # an entry, and a later whiteout of a link or directory on the way to it
    "behind-link-then-whiteout": [[e("usr", D), e("lib", S, link="usr")], [e("lib/x", data=b"x"), e(".wh.lib"), e("usr", D)]],
    "below-then-whiteout": [[e("d", D, mode=0o711, uid=7), e("d/a", data=b"1"), e("d/e", D), e("d/e/f", data=b"2")],
                            [e("d/n", data=b"n"), e("d/m/o", data=b"o"), e(".wh.d")]],
    # directories behind links, and below files
    "behind-link": [[e("usr", D), e("usr/lib", D), e("lib", S, link="usr/lib")], [e("lib/x", data=b"x")]],
    "behind-absolute-link": [[e("usr", D), e("usr/lib", D), e("lib", S, link="/usr/lib")], [e("lib/sub", D), e("lib/sub/x", data=b"x")]],
    "behind-link-directory-entry": [[e("usr", D), e("usr/lib", D), e("usr/lib/old", data=b"o"), e("lib", S, link="usr/lib")],
                                    [e("lib", D), e("lib/x", data=b"x")]],
    "whiteout-behind-link": [[e("usr", D), e("usr/lib", D), e("usr/lib/f", data=b"o"), e("lib", S, link="usr/lib")], [e("lib/.wh.f")]],
    "below-file": [[e("a", data=b"file")], [e("a/b", data=b"x")]],
    "below-fifo": [[e("a", tarfile.FIFOTYPE)], [e("a/b/c", data=b"x")]],
    "link-dangling-parent": [[e("lib", S, link="usr/none")], [e("lib/x", data=b"x")]],
    "link-dangling-below-directory": [[e("usr", D, mtime=7), e("lib", S, link="usr/none/lib")], [e("lib/x", data=b"x")]],
    # an entry below a link that leads to no directory
    "below-link-to-file": [[e("f", data=b"1"), e("d", S, link="f")], [e("d/x", data=b"2")]],
    "below-link-to-link-to-file": [[e("f", data=b"1"), e("m", S, link="f"), e("d", D), e("d/o", S, link="../m")],
                                   [e("d/o/q/x", data=b"2"), e("m/y", data=b"3")]],
    "below-link-past-file": [[e("f", data=b"1"), e("l", S, link="a/b/../../f/c")], [e("l/x", data=b"2")]],
    "below-circle": [[e("a", S, link="b"), e("b", S, link="a"), e("d", S, link="d")], [e("a/x", data=b"1"), e("d/x", data=b"2")]],
    "below-many-links": [[e(f"l{i}", S, link=f"l{i + 1}") for i in range(45)] + [e("l45", D)],
                         [e("l0/x", data=b"1"), e("l5/y", data=b"2")]],
    "below-one-link-often": [[e("l", S, link=".")], [e("l/" * 41 + "x", data=b"1"), e("l/y", data=b"2"), e("l/" * 41 + "z", data=b"3")]],
    # a link that leads elsewhere after entries went through it
    "behind-link-that-is-replaced": [[e("d", S, link="c/d")], [e("d/a", D, mode=0o700, mtime=99), e("d", D, mtime=5)]],
    "behind-link-that-is-deleted": [[e("c/d", D), e("d", S, link="c/d")], [e("d/a/b", D, mtime=99), e("d/f", data=b"1"), e(".wh.d")]],
    "behind-link-that-breaks": [[e("t", D), e("c/d", D), e("d", S, link="t/../c/d")], [e("d/a", D, mtime=99), e(".wh.t")]],
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
    "longest": [[e("n" * 255 + "/" + "m" * 255, data=b"1"), e("l", S, link="t" * 4095), e("f", uid=2**32 - 2)],
                [e(".wh." + "n" * 300), e("n" * 300 + "/.wh.x"), e("h", L, link="./" * 3000 + "f", uid=2**32)]],
}

# What unpacking refuses, so do all others.
REFUSED = {
    "below-own-file": [[e("f", data=b"1"), e("f/x", data=b"2")]],
    "below-own-link-to-file": [[e("f", data=b"1")], [e("d", S, link="f"), e("d/x", data=b"2")]],
    "below-own-circle": [[e("d", S, link="d"), e("d/x", data=b"2")]],
    "long-name": [[e("n" * 256, data=b"1")]],
    "long-directory": [[e("n" * 256 + "/x", data=b"1")]],
    "long-name-in-link": [[e("l", S, link="n" * 256), e("l/x", data=b"1")]],
    "long-name-after-missing": [[e("l", S, link="a/" + "n" * 256 + "/../../b"), e("l/x", data=b"1")]],
    "long-link": [[e("l", S, link="t" * 4096)]],
    "empty-link": [[e("l", S)]],
    "owner": [[e("f", data=b"1", uid=2**32 - 1)]],
    "owner-of-directory": [[e("d", D, uid=2**32)]],
    "device": [[e("c", C, dev=(4096, 0))]],
    "hard-link-out": [[e("f", data=b"1"), e("h", L, link="../f")]],
    "hard-link-to-nothing": [[e("h", L, link="f")]],
    "hard-link-replaces-its-directory": [[e("d", D), e("d/f", data=b"1")], [e("d", L, link="d/f")]],
    "hard-link-replaces-above-its-directory": [[e("d/e/f", data=b"1"), e("l", S, link="d/e")], [e("d", L, link="l/f")]],
}


def main():
    directory, name = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    for number, entries in enumerate((KINDS | REFUSED)[name], 1):
        with tarfile.open(f"{directory}/{number}.tar", "w", format=tarfile.PAX_FORMAT,
                          errors="surrogateescape") as tar:
            for info, data in entries:
                tar.addfile(info, io.BytesIO(data))


if len(sys.argv) == 1:
    print("\n".join(KINDS))
elif sys.argv[1:] == ["refused"]:
    print("\n".join(REFUSED))
else:
    main()
