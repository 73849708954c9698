"""mtree_tree.py LIST DIR [no-root] [no-links] [no-directory-times]: compares an mtree(5) text with a tree.

Every line of the text has a full path. Prints the differences, and names that are hard links of each
other in only one of the two.
"""

import hashlib
import os
import stat
import sys

KINDS = {
    stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char", stat.S_IFBLK: "block",
}


def unvis(text):
    result, index, raw = bytearray(), 0, text.encode()
    while index < len(raw):
        if raw[index] != 0x5C:
            result.append(raw[index])
            index += 1
        elif raw[index + 1] == 0x5C:
            result.append(0x5C)
            index += 2
        else:
            result.append(int(raw[index + 1:index + 4], 8))
            index += 4
    return bytes(result)


def listed(path):
    entries, links = {}, {}
    with open(path) as lines:
        text = lines.read().splitlines()
    assert text[0] == "#mtree" and text[-1] == "..", "the text has no beginning or no end"
    for line in text[1:-1]:
        if line.startswith("#"):
            continue
        name, *words = line.split()
        facts = dict(word.split("=", 1) for word in words)
        name = unvis(name).removeprefix(b"./")
        assert facts["tags"].startswith("layer:")
        entries[name] = (
            facts["type"], int(facts["mode"], 8), int(facts["uid"]), int(facts["gid"]),
            int(facts["time"].split(".")[0]) if "time" in facts else None,
            int(facts["size"]) if "size" in facts else None,
            unvis(facts["link"]) if "link" in facts else None, facts.get("sha256digest"))
        if "inode" in facts:
            links.setdefault(facts["inode"], []).append(name)
            assert int(facts["nlink"]) > 1
    return entries, sorted(sorted(names) for names in links.values())


def found(root):
    entries, links = {}, {}
    paths = [root]
    for directory, directories, files in os.walk(root):
        paths += [os.path.join(directory, name) for name in directories + files]
    for path in paths:
        status = os.lstat(path)
        name = os.path.relpath(path, root)
        kind = KINDS[stat.S_IFMT(status.st_mode)]
        content = size = target = None
        if kind == "file":
            size = status.st_size
            with open(path, "rb") as stream:
                content = hashlib.sha256(stream.read()).hexdigest()
        if kind == "link":
            target = os.readlink(path)
        entries[name] = (
            kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, int(status.st_mtime),
            size, target, content)
        if kind != "dir":
            links.setdefault(status.st_ino, []).append(name)
    return entries, sorted(sorted(names) for names in links.values() if len(names) > 1)


def main():
    wanted, wanted_links = listed(sys.argv[1])
    actual, actual_links = found(os.fsencode(sys.argv[2]))
    if "no-root" in sys.argv[3:]:
        wanted.pop(b".", None)
        actual.pop(b".", None)
    for name in sorted(wanted.keys() | actual.keys()):
        one, other = wanted.get(name), actual.get(name)
        if one is not None and other is not None and one[4] is None:
            other = other[:4] + (None,) + other[5:]
        if one is not None and other is not None and one[7] is None:
            other = other[:7] + (None,)
        if "no-directory-times" in sys.argv[3:] and one and other and one[0] == other[0] == "dir":
            one, other = one[:4] + one[5:], other[:4] + other[5:]
        if one != other:
            print(repr(name), "listed", one, "found", other)
    if "no-links" not in sys.argv[3:] and wanted_links != actual_links:
        print("links", wanted_links, actual_links)


main()
