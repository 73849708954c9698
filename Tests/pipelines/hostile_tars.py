"""hostile_tars.py DIR: writes archives that try to leave the directory they are unpacked into.

Each is a file NAME.STATUS.tar, where STATUS is the expected exit status of oci-untar. Beside the
directory there are `outside/secret` and `outside/sub`.
"""

import io
import os
import struct
import sys
import tarfile

BLOCK = 512
outside = os.path.join(os.path.abspath(sys.argv[1]), "outside")
archives = {}


def entry(name, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.size = kind, link, mode, len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def directory(name, **fields):
    return entry(name, tarfile.DIRTYPE, mode=fields.pop("mode", 0o755), **fields)


def link(name, target):
    return entry(name, tarfile.SYMTYPE, link=target)


def hard_link(name, target):
    return entry(name, tarfile.LNKTYPE, link=target)


def archive(name, status, *entries, format=tarfile.PAX_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    archives[f"{name}.{status}"] = buffer.getvalue()


def header(name, size, kind=b"0", checksum=None):
    """A ustar header with a size field of any 12 bytes."""
    block = bytearray(BLOCK)
    block[0:len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) if checksum is None else checksum)
    return bytes(block)


def raw(name, status, *blocks):
    archives[f"{name}.{status}"] = b"".join(blocks) + bytes(2 * BLOCK)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def pax(records, size=None):
    return header(b"PaxHeader", b"%011o\0" % (len(records) if size is None else size), b"x") + padded(
        records)


hit = b"overwritten"
empty = header(b"f", b"00000000000\0")

# Names.
archive("dotdot", 65, entry("../outside/secret", data=hit))
archive("dotdot-inside", 65, directory("a"), entry("a/../../outside/secret", data=hit))
archive("dotdot-only", 65, directory(".."))
archive("absolute", 0, entry("/outside/secret", data=hit))
archive("absolute-real", 0, entry(outside + "/secret", data=hit))
archive("slashes", 0, entry("///./outside//./secret", data=hit))
archive("long-path", 65, entry("a/" * 3000 + "f", data=hit))
archive("long-name", 65, entry("n" * 300, data=hit))
archive("root-is-file", 65, entry("./", tarfile.REGTYPE, hit))
archive("root-is-link", 65, link(".", "../outside"))
archive("deep", 0, directory("d"), *[directory("d/" * n + "d") for n in range(1, 900)])

# Links on the way.
archive("link-absolute", 0, link("l", outside), entry("l/secret", data=hit))
archive("link-dotdot", 0, link("l", "../../../../../.." + outside), entry("l/secret", data=hit))
archive("link-parent", 0, link("l", "../outside"), entry("l/secret", data=hit))
archive("link-chain", 0, link("a", "b"), link("b", "c"), link("c", "../outside"),
        entry("a/secret", data=hit))
archive("link-circle", 65, link("a", "b"), link("b", "a"), entry("a/f", data=hit))
archive("link-final", 0, link("f", outside + "/secret"), entry("f", data=hit))
archive("link-final-directory", 0, link("d", outside), directory("d", mode=0o777))
archive("link-proc", 0, link("l", "/proc/self/cwd"), entry("l/outside/secret", data=hit))
archive("link-empty", 65, link("l", ""))
archive("link-long", 65, link("l", "t" * 5000))
archive("directory-then-link", 0, directory("d"), entry("d/f"), link("d", outside),
        entry("d/secret", data=hit))
archive("file-as-parent", 65, entry("f"), entry("f/g", data=hit))

# Hard links.
archive("hard-dotdot", 65, hard_link("h", "../outside/secret"), entry("h", data=hit))
archive("hard-absolute", 65, hard_link("h", outside + "/secret"))
archive("hard-through-link", 65, link("l", outside), hard_link("h", "l/secret"))
archive("hard-to-link", 0, link("l", outside + "/secret"), hard_link("h", "l"),
        entry("h", data=hit))
archive("hard-to-directory", 65, directory("d"), hard_link("h", "d"))
archive("hard-to-root", 65, hard_link("h", "."))
archive("hard-to-itself", 0, entry("f", data=b"x"), hard_link("f", "f"))
archive("hard-missing", 65, hard_link("h", "nothing"))

# Whiteouts.
archive("whiteout-dotdot", 65, entry("../outside/.wh.secret"))
archive("whiteout-link", 0, link("l", outside), entry("l/.wh.secret"))
archive("whiteout-of-link", 0, link("l", outside), entry("l/.wh..wh..opq"))
archive("whiteout-bare", 65, entry(".wh."))
archive("whiteout-dot", 65, entry("d/.wh.."))
archive("whiteout-dots", 65, entry("d/.wh..."))
archive("whiteout-slash", 65, entry("d/.wh.a/b"))
archive("whiteout-root", 0, entry(".wh..wh..opq"), entry(".wh.outside"))

# Devices and what follows them.
archive("device-written", 0, entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        entry("null", data=hit))
archive("fifo-as-parent", 65, entry("p", tarfile.FIFOTYPE), entry("p/f", data=hit))
archive("fifo-replaced", 0, entry("p", tarfile.FIFOTYPE), entry("p", data=hit))

# Duplicates.
archive("duplicates", 0, entry("f", data=b"1"), entry("f", data=b"2"), directory("d"),
        directory("d", mode=0o700), link("l", "f"), link("l", "d"))
archive("hard-link-is-not-written-through", 0, entry("a", data=b"kept"), hard_link("b", "a"),
        entry("b", data=hit))

# Numbers.
archive("owner-huge", 65, entry("f", uid=1 << 40, gid=0))
archive("owner-minus-one", 65, entry("f", uid=0xFFFFFFFF, gid=0))
raw("size-negative", 65, header(b"f", b"\xff" * 12))
raw("size-huge", 65, header(b"f", b"\x80" + struct.pack(">3xQ", 1 << 62)))
raw("size-overflow", 65, header(b"f", b"\x80" + b"\x7f" * 11))
raw("size-text", 65, header(b"f", b"-0000000001\0"))
raw("checksum", 65, header(b"f", b"00000000000\0", checksum=1))
raw("sparse", 65, header(b"f", b"00000000000\0", b"S"))
raw("unknown-type", 65, header(b"f", b"00000000000\0", b"Z"))

# pax.
raw("pax-path", 65, pax(b"26 path=../outside/secret\n"),
    header(b"f", b"%011o\0" % len(hit)), padded(hit))
raw("pax-length", 65, pax(b"999 path=f\n"), empty)
raw("pax-no-newline", 65, pax(b"9 path=f!"), empty)
raw("pax-no-equals", 65, pax(b"7 path\n"), empty)
raw("pax-negative", 65, pax(b"12 size=-99\n"), empty)
raw("pax-huge", 65, header(b"x", b"77777777777\0", b"x"))
raw("pax-zero", 65, pax(b"10 path=\0\n"), empty)
raw("pax-empty-path", 0, pax(b"8 path=\n"), empty)
raw("pax-mtime", 65, pax(b"13 mtime=1e9\n"), empty)
raw("pax-sparse", 65, pax(b"22 GNU.sparse.major=1\n"), empty)
raw("pax-unknown", 0, pax(b"19 VENDOR.key=text\n"), empty)
raw("pax-twice", 0, pax(b"10 path=a\n" + b"10 path=b\n"), empty)

# Ends.
archives["cut.65"] = header(b"f", b"%011o\0" % 5) + padded(b"12345")
archives["one-zero-block.0"] = empty + bytes(BLOCK)
archives["more-after-the-end.0"] = empty + bytes(2 * BLOCK) + empty
archives["no-layer.65"] = b"#!/bin/sh\n" * 200
archives["nothing.65"] = b""
archives["empty.0"] = bytes(2 * BLOCK)

os.makedirs(os.path.join(sys.argv[1], "tars"))
for name, data in archives.items():
    with open(os.path.join(sys.argv[1], "tars", name + ".tar"), "wb") as file:
        file.write(data)
