"""random_tree.py DIR SEED [utf-8]: makes a tree of random shape, names, sizes, modes, links and times; with
utf-8, the names are UTF-8."""

import os
import random
import sys

root, chance = os.fsencode(sys.argv[1]), random.Random(int(sys.argv[2]))
is_text = sys.argv[3:] == ["utf-8"]
os.umask(0)
files = []


def name():
    length = chance.choice([1, 1, 2, 5, 20, 60, 99, 100, 101, 155, 250])
    alphabet = chance.choice([b"ab", b"abcdefg.-_ ", bytes(set(range(1, 256)) - {47})])
    if is_text and len(alphabet) > 11:
        text = "".join(chance.choice("a\"\\\n\x01\x7f\u00e9\u0301\u4e2d\U0001f600<&") for _ in range(length))
        return text.encode()[:length].decode(errors="ignore").encode() or b"x"
    return bytes(chance.choice(alphabet) for _ in range(length))


def fill(directory, depth):
    for _ in range(chance.randrange(12)):
        path = os.path.join(directory, name())
        if os.path.lexists(path) or os.path.basename(path).startswith(b".wh."):
            continue
        kind = chance.randrange(10)
        if kind < 3 and depth < 6:
            os.mkdir(path)
            fill(path, depth + 1)
        elif kind < 4:
            os.symlink(b"/".join(name() for _ in range(chance.randrange(1, 4))), path)
        elif kind < 5 and files:
            os.link(chance.choice(files), path)
        elif kind < 6:
            os.mkfifo(path)
        else:
            with open(path, "wb") as stream:
                stream.write(chance.randbytes(chance.choice([0, 1, 511, 512, 513, 3000, 30_000])))
            files.append(path)
        if not os.path.islink(path):
            os.chmod(path, chance.randrange(0o10000) | (0o700 if os.path.isdir(path) else 0))
        os.lchown(path, chance.randrange(5_000_000), chance.randrange(3_000_000))
    seconds = chance.randrange(-10**9, 10**10)
    os.utime(directory, (seconds, seconds))


os.mkdir(root)
fill(root, 0)
