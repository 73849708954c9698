"""differing_paths.py DIR DIR: prints the paths that differ between two trees, as mtree(5) writes them.

A path differs in its existence, type, mode, owner, time, content, extended attributes or number of names. Times of
directories are not compared, because a directory without an entry gets another one in each unpacking.
"""

import collections
import os
import stat
import sys


def entries(root):
    found = {}
    names = collections.Counter()
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            found[os.path.relpath(path, root)] = (path, status)
            names[status.st_ino] += 1
    return {name: attributes(*entry, names) for name, entry in found.items()}


def attributes(path, status, names):
    kind = stat.S_IFMT(status.st_mode)
    owner = (status.st_uid, status.st_gid)
    extended = [(name, os.getxattr(path, name, follow_symlinks=False))
                for name in sorted(os.listxattr(path, follow_symlinks=False))]
    if kind == stat.S_IFDIR:
        return kind, status.st_mode, owner, extended
    content = None
    mode = status.st_mode
    if kind == stat.S_IFLNK:
        content, mode = os.readlink(path), None
    elif kind == stat.S_IFREG:
        with open(path, "rb") as file:
            content = file.read()
    return (kind, mode, owner, extended, status.st_mtime_ns, content, status.st_rdev,
            names[status.st_ino])


def written(name):
    return "".join(chr(byte) if 33 <= byte < 127 and chr(byte) not in "\\#*?[=" else f"\\{byte:03o}"
                   for byte in name)


first, second = (entries(os.fsencode(directory)) for directory in sys.argv[1:3])
for name in sorted(first.keys() | second.keys()):
    if first.get(name) != second.get(name):
        print(written(name))
