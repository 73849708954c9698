"""describe_tree.py DIR [no-xattrs] [no-times]: prints the paths of a tree, one to a line, in byte order.

Sockets and attributes that belong to the machine are left out. Times are whole seconds, rounded down.
"""

import hashlib
import os
import stat
import sys

with_xattrs = "no-xattrs" not in sys.argv[2:]
with_times = "no-times" not in sys.argv[2:]
machine = ("security.selinux", "trusted.overlay.", "user.overlay.", "security.ima", "security.evm")
first_names = {}


def data_of(name, directory):
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    digest = hashlib.sha256()
    with open(descriptor, "rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()[:16]


def xattrs_of(name, directory):
    path = b"/proc/self/fd/%d/%s" % (directory, name)
    names = sorted(
        name for name in os.listxattr(path, follow_symlinks=False) if not name.startswith(machine))
    return {key: os.getxattr(path, key, follow_symlinks=False) for key in names}


def describe(name, path, directory):
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFSOCK:
        return
    facts = ["%06o" % status.st_mode, "%d:%d" % (status.st_uid, status.st_gid)]
    if with_times:
        facts.append("t%d" % (status.st_mtime_ns // 1_000_000_000))
    if kind == stat.S_IFREG:
        facts += ["%d" % status.st_size, data_of(name, directory)]
    elif kind == stat.S_IFLNK:
        facts.append("-> %r" % os.readlink(name, dir_fd=directory))
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        facts.append("%d,%d" % (os.major(status.st_rdev), os.minor(status.st_rdev)))
    if kind != stat.S_IFDIR and status.st_nlink > 1:
        facts.append("is %r" % first_names.setdefault(status.st_ino, path))
    if with_xattrs:
        facts.append(repr(xattrs_of(name, directory)))
    print(repr(path), *facts)
    if kind == stat.S_IFDIR:
        child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
        walk(child, path + b"/")
        os.close(child)


def walk(directory, path):
    for name in sorted(os.fsencode(name) for name in os.listdir(directory)):
        describe(name, path + name, directory)


sys.setrecursionlimit(10_000)
walk(os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY), b"")
