"""random_dockerfile.py SEED DIR: writes a context and a Dockerfile of COPY and instructions for the config.

BuildKit and buildah agree on all of it: no heredocs, no --parents, no --exclude, no set-user-ID bits,
no pattern that matches nothing.
"""

import os
import random
import sys

seed, root = int(sys.argv[1]), sys.argv[2]
choose = random.Random(seed)
words = ["a", "b", "c.txt", "d.log", "e-1", ".f", "G"]


def make_tree(path, depth):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, choose.choice([0o755, 0o700, 0o775]))
    for name in choose.sample(words, choose.randint(1, 4)):
        child = os.path.join(path, name)
        kind = choose.random()
        if kind < 0.35 and depth < 3:
            make_tree(child, depth + 1)
        elif kind < 0.45:
            os.symlink(choose.choice(words), child)
        else:
            with open(child, "w") as file:
                file.write("%s %d\n" % (child, choose.randint(0, 9)))
            os.chmod(child, choose.choice([0o644, 0o600, 0o755]))


def paths(kind):
    result = []
    for directory, names, files in os.walk(os.path.join(root, "context")):
        for name in names if kind == "directory" else files:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                result.append(os.path.relpath(path, os.path.join(root, "context")))
    return sorted(result)


make_tree(os.path.join(root, "context"), 0)
files, directories = paths("file"), paths("directory")
lines = ["ARG V=%d" % choose.randint(0, 9), "FROM scratch AS first", "ARG V"]


def copy(source, stage=""):
    chown = choose.choice(["", "", "--chown=%d:%d " % (choose.randint(0, 9), choose.randint(1, 9))])
    if choose.random() < 0.3:
        lines.append("COPY %s%s%s /exact-%d" % (stage, chown, source, len(lines)))
    else:
        lines.append("COPY %s%s%s %s" % (stage, chown, source, choose.choice(["/n%d/", "/n%d/deep/", "n%d/"]) % len(lines)))


def config():
    lines.append(choose.choice([
        "ENV A%d=$V B='q r' C=\"${A0:-none}\"" % choose.randint(0, 2), "LABEL l.%d=\"$V x\"" % choose.randint(0, 3),
        "USER %d:%d" % (choose.randint(1, 9), choose.randint(1, 9)), "EXPOSE %d" % choose.randint(1, 99),
        "VOLUME /v%d" % choose.randint(0, 3), "CMD [\"c\", \"%d\"]" % choose.randint(0, 9), "CMD echo $V %d" % choose.randint(0, 9),
        "ENTRYPOINT [\"/e\"]", "STOPSIGNAL SIGINT", "WORKDIR /w%d" % choose.randint(0, 2), "WORKDIR sub",
        "HEALTHCHECK NONE", "ONBUILD ENV z=%d" % choose.randint(0, 9)]))


for _ in range(choose.randint(1, 5)):
    if files and choose.random() < 0.5:
        copy(choose.choice(files))
    elif directories:
        copy(choose.choice(directories))
    config()
if choose.random() < 0.5:
    lines.append("FROM scratch")
    for line in [line for line in lines if line.startswith("COPY")]:
        destination = line.split()[-1]
        if destination.startswith("/exact") or destination.startswith("/n"):
            copy(destination.rstrip("/"), "--from=first ")
            break
    config()
with open(os.path.join(root, "Dockerfile"), "w") as file:
    file.write("\n".join(lines) + "\n")
if choose.random() < 0.3:
    with open(os.path.join(root, "context", ".dockerignore"), "w") as file:
        file.write("**/d.log\n")
    for line in list(lines):
        if "d.log" in line:
            os.remove(os.path.join(root, "context", ".dockerignore"))
            break
