"""nasty_tree.py DIR [SEED]: makes a tree with everything that a layer can hold, and most of what goes wrong.

Run it as root. Another seed creates the same tree in another order.
"""

import os
import random
import socket
import stat
import sys

root = os.fsencode(sys.argv[1])
order = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
os.umask(0)

capability = bytes.fromhex("0100000200040000000000000000000000000000")


def at(path):
    return os.path.join(root, path)


def file(path, data=b"data\n", mode=0o644):
    with open(at(path), "wb") as stream:
        stream.write(data)
    os.chmod(at(path), mode)


def sparse(path, size, extents):
    with open(at(path), "wb") as stream:
        for offset, data in extents:
            stream.seek(offset)
            stream.write(data)
        stream.truncate(size)


def unix_socket(path):
    here = os.open(".", os.O_RDONLY)
    os.chdir(root)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
    os.fchdir(here)
    os.close(here)


directories = [
    (b"modes", 0o755),
    (b"modes/sticky", 0o1777),
    (b"modes/setgid", 0o2755),
    (b"modes/closed", 0o500),
    (b"empty", 0o755),
    (b"empty/inside", 0o711),
    (b"names", 0o755),
    (b"names/-rf", 0o755),
    (b"names/dir with\nnewline", 0o755),
    (b"links", 0o755),
    (b"special", 0o755),
    (b"sizes", 0o755),
    (b"attributes", 0o755),
    (b"attributes/dir", 0o755),
    (b"owners", 0o755),
    (b"times", 0o755),
    (b"times/dir", 0o755),
    (b"a", 0o755),
    (b"a.b", 0o755),
    (b"\xc3\xa9", 0o755),
]
deep = b"deep"
directories.append((deep, 0o755))
for level in range(14):
    deep += b"/" + bytes([ord("a") + level]) * 90
    directories.append((deep, 0o755))

work = []
for mode in (0, 0o444, 0o644, 0o755, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777):
    work.append((file, b"modes/%04o" % mode, b"%o\n" % mode, mode))
for name in (
    b"new\nline", b"quote'\"`", b"back\\slash", b"-dash", b"--help", b" space ", b"tab\t", b"*?[a]",
    b"#hash", b"!bang", b"...", b".hidden", b"\x01\x7f", b"\xff\xfe", b"latin1-\xe9",
    b"nfc-\xc3\xa9", b"nfd-e\xcc\x81", b"\xf0\x9f\x90\xb3", b"n" * 255, b"\xe9" * 255,
    b"\xc3\xa9" * 127, b"\xef\xbf\xbd", b"a=b", b"%s%n", b".wh", b".whiteout",
):
    work.append((file, b"names/" + name, name))
for name in (b"a/z", b"a.b/a", b"a-", b"aa", b"\xc3\xa9/x", deep + b"/file", b"names/-rf/x"):
    work.append((file, name))
work.append((file, b"names/dir with\nnewline/" + b"m" * 200))
for size in (0, 1, 511, 512, 513, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, (3 << 20) + 7):
    data = bytes((index * 7 + index // 251) & 255 for index in range(min(size, 5000)))
    work.append((file, b"sizes/%d" % size, (data * (size // 5000 + 1))[:size]))
work.append((sparse, b"sizes/hole", 8 << 20, []))
work.append((sparse, b"sizes/islands", 9 << 20, [(0, b"a" * 10), (5 << 20, b"b" * 5000)]))
work.append((sparse, b"sizes/small-hole", 100_000, [(50_000, b"c")]))
work.append((sparse, b"sizes/data-at-end", 4 << 20, [((4 << 20) - 3, b"end")]))
for name in (b"capability", b"user", b"both", b"plain"):
    work.append((file, b"attributes/" + name))
for name in (b"largest", b"larger", b"huge"):
    work.append((file, b"owners/" + name))
for name in (b"old", b"fraction", b"far", b"zero"):
    work.append((file, b"times/" + name))
work.append((file, b"links/first", b"one file\n", 0o4755))
work.append((file, b"links/0-excluded", b"kept by its other names\n"))
for name, target in (
    (b"dangling", b"nowhere"), (b"absolute", b"/etc/passwd"), (b"up", b"../../../x"),
    (b"odd", b"\xff\n' \\"), (b"hundred", b"t" * 100), (b"long", b"u/" * 150),
    (b"longer", b"v" * 4000), (b"latin1-long", b"\xe9" * 200), (b"utf8", b"\xc3\xa9"),
    (b"to-dir", b"../empty"), (b"loop", b"loop"),
):
    work.append((lambda path, to: os.symlink(to, at(path)), b"links/" + name, target))
work.append((lambda path: os.mkfifo(at(path), 0o620), b"special/fifo"))
work.append(
    (lambda path: os.mknod(at(path), stat.S_IFCHR | 0o666, os.makedev(1, 3)), b"special/null"))
work.append(
    (lambda path: os.mknod(at(path), stat.S_IFBLK | 0o660, os.makedev(259, 70000)), b"special/blk"))
work.append((unix_socket, b"special/socket"))

order.shuffle(work)
os.mkdir(root, 0o755)
tree = directories[:]
order.shuffle(tree)
for path, _ in sorted(tree, key=lambda entry: entry[0].count(b"/")):
    os.mkdir(at(path))
for function, *arguments in work:
    function(*arguments)

links = [
    (b"links/first", b"links/second"), (b"links/first", b"a/third"),
    (b"links/0-excluded", b"links/kept-1"), (b"links/0-excluded", b"links/kept-2"),
    (b"links/dangling", b"links/dangling-2"), (b"links/to-dir", b"a/to-dir"),
    (b"special/fifo", b"special/fifo-2"), (b"special/null", b"special/null-2"),
]
order.shuffle(links)
for old, new in links:
    os.link(at(old), at(new), follow_symlinks=False)

for name, uid in ((b"largest", 2097151), (b"larger", 2097152), (b"huge", 4000000000)):
    os.chown(at(b"owners/" + name), uid, uid + 1)
os.chown(at(b"links/dangling"), 12, 34, follow_symlinks=False)
os.chown(at(b"empty"), 56, 78)
for name in (b"capability", b"both"):
    os.setxattr(at(b"attributes/" + name), "security.capability", capability)
if "tmpfs" not in sys.argv[3:]:
    for name in (b"user", b"both", b"dir"):
        os.setxattr(at(b"attributes/" + name), "user.z", b"\0\n=\xff 12 a=b\n")
        os.setxattr(at(b"attributes/" + name), "user.empty", b"")
        os.setxattr(at(b"attributes/" + name), "user.caf\u00e9", b"x" * 100)
        os.setxattr(at(b"attributes/" + name), "user.overlay.opaque", b"y")
        os.setxattr(at(b"attributes/" + name), "trusted.overlay.origin", b"y")
for path, mode in directories:
    os.chmod(at(path), mode)

for path, below, files in os.walk(root, topdown=False):
    for name in files + below + [b""]:
        os.utime(os.path.join(path, name), (1_500_000_000, 1_500_000_000), follow_symlinks=False)
for name, time in (
    (b"old", -86400_000_000_001), (b"fraction", 1_600_000_000_999_999_999),
    (b"far", 9_000_000_000_000_000_000), (b"zero", 0), (b"dir", 1_000_000_000_000_000_000),
):
    os.utime(at(b"times/" + name), ns=(time, time))
