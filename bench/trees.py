"""The trees that are packed. Each is made once, in DIR, by a function that returns its path."""
import functools
import os
import random
import shutil
import subprocess

from measure import DIR


def made_once(make):
    """A tree that make(path) makes: NAME_tree is in DIR/NAME, and complete when DIR/NAME.done is there."""
    @functools.wraps(make)
    def tree():
        path = f"{DIR}/{make.__name__.removesuffix('_tree')}"
        if not os.path.exists(f"{path}.done"):
            shutil.rmtree(path, ignore_errors=True)
            make(path)
            open(f"{path}.done", "w").close()
        return path
    return tree


@made_once
def files_tree(path):
    """100,000 files of about 4 kB in 11,900 directories."""
    source = random.Random(1)
    words = "import return def class self value the of and for in if else None True".split()
    for number in range(11900):
        directory = f"{path}/{number // 400}/{number // 10}/{number}"
        os.makedirs(directory)
        for index in range((number + 1) * 100000 // 11900 - number * 100000 // 11900):
            size = int(source.expovariate(1 / 3986))
            text = " ".join(source.choice(words) + str(source.randrange(1000))
                            for _ in range(size // 6 + 1))
            with open(f"{directory}/{index}.txt", "w") as file:
                file.write(text[:size])


@made_once
def mixed_tree(path):
    """What a system has: libraries, headers, documents, scripts; about 1 GB."""
    os.makedirs(path)
    taken = 0
    for source in ["/usr/include", "/usr/share/doc", "/usr/lib/python3", "/usr/lib/gcc",
                   "/usr/share/perl", "/usr/lib/x86_64-linux-gnu", "/usr/bin"]:
        if not os.path.isdir(source):
            continue
        target = path + source
        os.makedirs(os.path.dirname(target), exist_ok=True)
        subprocess.run(["cp", "-a", source, target], check=False, stderr=subprocess.DEVNULL)
        taken += int(subprocess.check_output(["du", "-sm", target]).split()[0])
        if taken > 1000:
            break


@made_once
def system_tree(path):
    """1 GiB in 100,000 files: most of some kB, one in a hundred of a MB."""
    source = random.Random(2)
    words = " ".join(source.choice("import return def class self value".split())
                     + str(source.randrange(1000)) for _ in range(400_000)).encode()
    for number in range(100_000):
        directory = f"{path}/{number // 2500}/{number // 50}"
        os.makedirs(directory, exist_ok=True)
        size = int(source.expovariate(1 / (630_000 if number % 100 == 0 else 4500)))
        start = source.randrange(len(words) // 2)
        data = (words[start:] * 3)[:size]
        # A third of it does not compress, as libraries and pictures do not.
        if number % 3 == 0:
            data = source.randbytes(size)
        with open(f"{directory}/{number}", "wb") as file:
            file.write(data)


@made_once
def million_tree(path):
    """A million empty files."""
    for directory in range(1000):
        os.makedirs(f"{path}/{directory}")
        for index in range(1000):
            os.close(os.open(f"{path}/{directory}/{index}", os.O_CREAT | os.O_WRONLY))


@made_once
def snapshot_tree(path):
    """A copy of the files in a repository of git, DIR/snapshot.git, for which nothing is changed."""
    repository = f"{path}.git"
    shutil.rmtree(repository, ignore_errors=True)
    shutil.copytree(files_tree(), path)
    git = ["git", f"--git-dir={repository}", f"--work-tree={path}",
           "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
    for arguments in (["config", "core.bare", "false"], ["add", "-A", path],
                      ["commit", "-qm", "tree"]):
        subprocess.run(git + arguments, check=True)
