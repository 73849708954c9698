"""random_layers.py DIR SEED [odd]: writes random layers of an image, 1.tar, 2.tar and so on.

Layers add files, replace and delete those of lower layers, and change their types, by whiteouts, opaque
directories, entries behind links to directories, and hard links to lower layers. With `odd` there are
orders and forms that only some unpackers accept: whiteouts after entries that they do not apply to,
directories without an entry, entries below a lower layer's file.
"""

import io
import os
import random
import sys
import tarfile

directory, chance = sys.argv[1], random.Random(int(sys.argv[2]))
odd = "odd" in sys.argv[3:]
NAMES = ["a", "b", "c", "d e", "\u00e9", "n" * 120]
tree = {}  # the image so far: path to type
attributes = {}  # path to the entry that it had last


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def new_path():
    return "/".join(chance.choice(NAMES) for _ in range(chance.choice([1, 1, 2, 2, 2, 3, 3, 4])))


def forget(path):
    for other in [other for other in tree if other == path or other.startswith(path + "/")]:
        del tree[other]


class Layer:
    def __init__(self):
        self.entries = []
        self.own = {}

    def add(self, path, kind, data=b"", linkname=""):
        info = tarfile.TarInfo(path)
        info.type = kind
        info.mode = chance.choice([0o755, 0o700, 0o1777]) if kind == tarfile.DIRTYPE else \
            chance.choice([0o644, 0o600, 0o4755])
        info.uid, info.gid = chance.randrange(3000), chance.randrange(3000)
        info.mtime = chance.randrange(1, 1_700_000_000)
        info.linkname = linkname
        if kind == tarfile.LNKTYPE:
            # Some unpackers give a link's attributes to the file.
            target = attributes[linkname]
            info.mode, info.uid, info.gid = target.mode, target.uid, target.gid
            info.mtime = target.mtime
        attributes[path] = info
        self.entries.append((info, data))
        self.own[path] = kind
        if kind != tarfile.DIRTYPE or tree.get(path) != tarfile.DIRTYPE:
            forget(path)
        tree[path] = kind

    def directories(self, path):
        """Adds the directories of a path; False if another kind of file is in the way."""
        for parent in parents(path):
            if self.own.get(parent, tarfile.DIRTYPE) != tarfile.DIRTYPE:
                return False
            if tree.get(parent, tarfile.DIRTYPE) != tarfile.DIRTYPE and not odd:
                return False
            if parent not in tree and not (odd and chance.randrange(2)):
                self.add(parent, tarfile.DIRTYPE)
            elif parent not in tree:
                tree[parent] = self.own[parent] = tarfile.DIRTYPE
        return True

    def entry(self):
        path = new_path()
        if path in self.own or any(own.startswith(path + "/") for own in self.own):
            return
        if not self.directories(path):
            return
        kind = chance.randrange(12)
        if kind < 4:
            self.add(path, tarfile.DIRTYPE)
        elif kind < 7:
            self.add(path, tarfile.REGTYPE, data=chance.randbytes(chance.randrange(3000)))
        elif kind < 8:
            self.add(path, tarfile.SYMTYPE, linkname=new_path())
        elif kind < 9:
            self.add(path, tarfile.FIFOTYPE)
        elif kind < 11:
            files = [other for other, type in tree.items() if type == tarfile.REGTYPE
                     and other != path and not other.startswith(path + "/")]
            if files:
                self.add(path, tarfile.LNKTYPE, linkname=chance.choice(sorted(files)))
                tree[path] = tarfile.REGTYPE
        else:
            self.behind_link(path)

    def behind_link(self, path):
        """An entry behind a link of a layer below."""
        targets = [other for other, type in tree.items()
                   if type == tarfile.DIRTYPE and other not in self.own
                   and other != path and not other.startswith(path + "/")]
        if targets and path not in self.own:
            self.add(path, tarfile.SYMTYPE, linkname="/" + chance.choice(sorted(targets)))

    def whiteouts(self, below):
        markers = []
        for _ in range(chance.randrange(4)):
            if not below:
                break
            path = chance.choice(below)
            if self.own.get(path) or any(own.startswith(path + "/") for own in self.own):
                continue
            if any(self.own.get(parent, tarfile.DIRTYPE) != tarfile.DIRTYPE
                   for parent in parents(path)):
                continue
            if any(parent not in tree for parent in parents(path)):
                continue
            above, _, name = path.rpartition("/")
            if any(info.linkname == path or info.linkname.startswith(path + "/")
                   for info, _ in self.entries if info.type == tarfile.LNKTYPE):
                continue
            marker = f"{above}/.wh.{name}" if above else f".wh.{name}"
            if marker not in markers:
                markers.append(marker)
            forget(path)
        return markers


def main():
    os.makedirs(directory, exist_ok=True)
    for number in range(1, chance.randrange(2, 6)):
        layer = Layer()
        below = sorted(tree)
        for _ in range(chance.randrange(1, 14)):
            layer.entry()
        markers = layer.whiteouts(below)
        for path in sorted(tree):
            if layer.own.get(path) == tarfile.DIRTYPE and path in below and chance.randrange(6) == 0:
                if all(own.startswith(path + "/") or own == path or not own.startswith(path)
                       for own in layer.own):
                    if any(info.linkname.startswith(path + "/") for info, _ in layer.entries
                           if info.type == tarfile.LNKTYPE):
                        continue
                    markers.append(f"{path}/.wh..wh..opq")
                    for other in list(tree):
                        if other.startswith(path + "/") and other not in layer.own:
                            forget(other)
        items = [(tarfile.TarInfo(name), b"") for name in markers]
        if odd:
            for item in items:
                layer.entries.insert(chance.randrange(len(layer.entries) + 1), item)
            items = []
        with open(f"{directory}/{number}.tar", "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                # A directory comes before the whiteouts in it.
                for info, data in layer.entries if odd else layer.entries + items:
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))


main()
