"""tree_listing.py DIR [without-owners]: prints every attribute of a tree, a line for each file."""

import hashlib
import os
import stat
import sys


def attributes(path):
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return [(name, os.getxattr(path, name, follow_symlinks=False).hex()) for name in names]


def content(path, status):
    if stat.S_ISLNK(status.st_mode):
        return os.fsencode(os.readlink(path)).hex()
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        return f"{os.major(status.st_rdev)},{os.minor(status.st_rdev)}"
    return "-"


def main(root, has_owners):
    root = os.fsencode(root)
    paths = [root]
    for directory, directories, files in os.walk(root):
        paths += [os.path.join(directory, name) for name in directories + files]
    first_names = {}
    for path in sorted(paths):
        status = os.lstat(path)
        name = os.path.relpath(path, root)
        first = first_names.setdefault((status.st_dev, status.st_ino), name)
        owner = f"{status.st_uid}:{status.st_gid}" if has_owners else "-"
        print(
            repr(name), oct(status.st_mode), owner, status.st_mtime_ns, content(path, status),
            repr(first), attributes(path))


main(sys.argv[1], sys.argv[2:] != ["without-owners"])
