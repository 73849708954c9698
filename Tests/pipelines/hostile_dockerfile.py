"""hostile_dockerfile.py SEED...: Dockerfiles with shell code in every place, for each seed.

Several shells run the script of each, with programs in place of the tools that only record their
arguments: every text arrives unchanged, and no part of it is run.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

PARTS = ["$(touch pwned)", "`touch pwned`", ";touch pwned;", "'", '"', "\\", "$HOME", "${x}", "*", "~", "#",
         "&&touch pwned", "|touch pwned", ">pwned", "<(touch pwned)", "!", "--push", "-n", "END", "EOF", "%s", " ",
         "\t", "\u00e9", "e\u0301", "\u2028", "\u202e", "\U0001f433", "\x01", "\x7f", "a", "{a,b}", "$'\\n'", "[x]", "=",
         "\U0010fe27", "\U0010fe0a", "\U0010fe00"]
SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "sh"]]
STUB = r"""#!/bin/sh
{ printf '%s\0' "${0##*/}" "$@"; printf '\0\0'; } >>"$RECORD"
previous=
for word do
	[ "$previous" != --output ] || : >"$word"
	previous=$word
done
# What a bind mount has is moved.
case ${0##*/} in oci-untar) mkdir -p "$previous"/copy ;; esac
cat >/dev/null
"""


# What runs with the environment of the image alone, and what is not allowed, as in most containers.
CHROOT = """#!/bin/sh
{ printf '%%s\\0' "${0##*/}" "$@"; printf '\\0\\0'; } >>'%s'
case $1 in --help) echo --userspec ;; esac
"""
REFUSED = "#!/bin/sh\nexit 1\n"


class Generator:
    def __init__(self, seed):
        self.choose = random.Random(seed)
        self.expected = []
        self.programs = []
        self.lines = []

    def text(self, newlines=False):
        parts = [self.choose.choice(PARTS) for _ in range(self.choose.randint(1, 4))]
        if newlines and self.choose.random() < 0.5:
            parts.insert(self.choose.randint(0, len(parts)), "\n")
        return "".join(parts)

    def expect(self, *words):
        self.expected += words

    def build(self):
        argument = self.text(newlines=True)
        self.lines = ["FROM scratch AS one", "ARG A", "ENV fromarg=$A"]
        if self.choose.random() < 0.5:
            self.lines[0] = "FROM oci:base:1 AS one"
            self.lines.append("LABEL frombase=$EVIL")
            self.base = self.hostile_config()
            self.expect("--label=frombase=" + self.base["config"]["Env"][1][5:])
        self.expect("--env=fromarg=" + argument)
        makers = [self.env, self.label, self.copy, self.copy_json, self.command, self.user, self.heredoc,
                  self.onbuild, self.health, self.run, self.mount, self.download, self.volume, self.directory,
                  self.declare, self.shell, self.exclude, self.run_heredoc, self.script, self.mounts, self.comment]
        for _ in range(self.choose.randint(3, 8)):
            self.choose.choice(makers)()
        if self.choose.random() < 0.5:
            path = self.text().replace("/", "")
            self.lines += ["FROM scratch", "COPY --from=one " + json.dumps([bare(path), "/x/"], ensure_ascii=False)]
            self.expect(path)
        return argument

    base = None

    def hostile_config(self):
        """The config of an image by somebody else: every text of it is code, if anything is."""
        words = lambda: [self.text(newlines=True) for _ in range(2)]
        # The first one is an option of env(1), if it is taken for one.
        env = ["-Stouch pwned x" + self.text() + "=x", "EVIL=" + self.text(newlines=True),
               "PATH=" + self.text(newlines=True), "LD_PRELOAD=" + self.text()]
        triggers = ['LABEL trigger="%s"' % quoted(self.text()),
                    "ENV trigger='" + self.text().replace("'", "") + "'"]
        return {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
                "author": self.text(newlines=True),
                "config": {"Env": env, "User": self.text(newlines=True), "Shell": ["/bin/sh", self.text(), "-c"],
                           "WorkingDir": "/" + self.text(newlines=True), "Cmd": words(), "Entrypoint": words(),
                           "Labels": {self.text(newlines=True): self.text(newlines=True)}, "OnBuild": triggers}}

    def directory(self):
        path = self.text(newlines=True).replace("/", "") + "x"
        self.lines.append("ARG D\nWORKDIR /${D:-%s}" % quoted(path).replace("\n", "").replace("}", ""))

    def declare(self):
        value = self.text()
        self.lines += ['ARG V%d="%s"' % (len(self.lines), quoted(value)), 'LABEL v="$V%d"' % len(self.lines)]
        self.expect("--label=v=" + value)

    def shell(self):
        self.lines += ["SHELL " + json.dumps(["/bin/sh", self.text(newlines=True)]), "RUN x" + self.text() + "x"]

    def exclude(self):
        pattern = "".join(c for c in self.text() if c not in "\"'\\ \t\u2028[]!\x01\x7f") or "x"
        self.lines.append("COPY --chmod=u=rwX --exclude=%s . /all/" % pattern)
        self.expect("--exclude=" + pattern)

    def run_heredoc(self):
        self.lines += ["RUN <<'X Y'", self.text(), "END", "$(touch pwned)", "X Y", "RUN <<A cat", self.text(), "END", "A"]

    def script(self):
        name = "".join(c for c in self.text() if c not in "<'\"\\ \t\u2028\x01\x7f/") or "x"
        self.lines += ["RUN <<'%s'" % name, "#!/bin/sh", self.text(), "END", "END_", "$(touch pwned)", name]

    def mounts(self):
        word = lambda: "".join(c for c in self.text() if c not in ',"\'\\ \t$\u2028')
        self.lines.append("RUN --mount=type=secret,id=s%s --mount=type=bind,source=s%s,target=/b%s,rw "
                          "--mount=type=tmpfs,target=t%s --mount=type=ssh,target=/a%s x" % (
                              word(), word(), word(), word(), word()))

    def comment(self):
        self.lines += ["# " + self.text(), "MAINTAINER x" + self.text(), "LABEL \\", "# " + self.text(), "  x=y"]

    def env(self):
        value = self.text()
        self.lines.append('ENV e="%s"' % quoted(value))
        self.expect("--env=e=" + value)

    def label(self):
        name, value = self.text().replace("=", ""), self.text()
        if not name.strip():
            return
        self.lines.append('LABEL "%s"="%s"' % (quoted(name), quoted(value)))
        self.expect("--label=%s=%s" % (name, value))

    def copy(self):
        source, owner = "s" + self.text(), "o" + self.text()
        self.lines.append('COPY --link --chown="%s" %s' % (
            quoted(quoted(owner)), json.dumps([bare(source), "/x/"], ensure_ascii=False)))
        self.expect(source)

    def copy_json(self):
        # Text that is not ASCII is not escaped, because BuildKit expands variables in it.
        source, to = "s" + self.text(newlines=True), "/d" + self.text(newlines=True) + "/"
        self.lines.append("COPY " + json.dumps([bare(source), bare(to)], ensure_ascii=False))
        self.expect(source)

    def command(self):
        words = [self.text(newlines=True) for _ in range(2)]
        self.lines.append(self.choose.choice(["CMD ", "ENTRYPOINT "]) + json.dumps(words))

    def user(self):
        # Of several in a row, only the last one is in the script.
        if any(line.startswith("USER") for line in self.lines):
            return
        user = "u" + self.text()
        self.lines.append('USER "%s"' % quoted(user))
        self.expect("--user=" + user)

    def volume(self):
        volume = "/v" + self.text() + "x"
        self.lines.append("VOLUME " + json.dumps([bare(volume)], ensure_ascii=False))
        self.expect("--volume=" + volume)

    def heredoc(self):
        name = "".join(c for c in self.text() if c not in "<'\"\\ \t\u2028\x01\x7f") or "x"
        self.lines += ["COPY <<'%s' /h/" % name, self.text(), "END", "END_", "$(touch pwned)", name]

    def onbuild(self):
        self.lines.append("ONBUILD LABEL x=x" + self.text().replace('"', "").replace("'", "").replace("\\", ""))

    def health(self):
        self.lines.append("HEALTHCHECK CMD x" + self.text() + "x")

    def run(self):
        words = [self.text(newlines=True) for _ in range(2)]
        self.lines.append("RUN " + json.dumps(words))
        self.programs.append(words)

    def mount(self):
        name = "".join(c for c in self.text() if c not in ',"\'\\ \t$\u2028')
        self.lines.append("RUN --mount=type=cache,id=x%s,target=/m%s x" % (name, name))

    def download(self):
        address = "http://h/" + self.text()
        self.lines.append("ADD " + json.dumps([bare(address), "/x/"], ensure_ascii=False))
        self.expect(address)


def write_image(layout, config):
    """An image layout with an image without layers."""
    os.makedirs(os.path.join(layout, "blobs/sha256"))

    def blob(document, kind):
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(layout, "blobs/sha256", digest), "wb") as file:
            file.write(data)
        return {"mediaType": "application/vnd.oci.image.%s.v1+json" % kind, "digest": "sha256:" + digest,
                "size": len(data)}

    manifest = blob({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                     "config": blob(config, "config"), "layers": []}, "manifest")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    with open(os.path.join(layout, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, file)
    with open(os.path.join(layout, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')


def quoted(text):
    return "".join("\\" + c if c in '"\\$' else c for c in text)


def bare(text):
    """The same for a word without quotes."""
    return "".join("\\" + c if c in "'\"\\$" else c for c in text)


def run(seed):
    generator = Generator(seed)
    argument = generator.build()
    dockerfile = "\n".join(generator.lines) + "\n"
    work = tempfile.mkdtemp()
    try:
        if generator.base:
            write_image(os.path.join(work, "base"), generator.base)
        # With a cache, whose stub has every step, nothing runs.
        cached = generator.choose.random() < 0.3
        # Mounts are refused there.
        chroot = "RUN --" not in dockerfile and generator.choose.random() < 0.5
        made = subprocess.run(
            ["oci-dockerfile", "--quiet", "--output", "oci:x:1", "--build-arg", "A=" + argument]
            + (["--isolation", "chroot"] if chroot else []) + (["--cache", "cache"] if cached else []),
            input=dockerfile.encode(), capture_output=True, cwd=work)
        if made.returncode == 65:
            # Refused, and nothing is printed.
            assert made.stdout == b"", dockerfile
            return False
        assert made.returncode == 0, (made.stderr, dockerfile)
        stubs = os.path.join(work, "stubs")
        os.mkdir(stubs)
        tools = os.path.dirname(shutil.which("oci-dockerfile"))
        for name in [name for name in os.listdir(tools) if name.startswith("oci-")] + [
                "curl", "runc", "chroot", "unshare", "mknod"]:
            path = os.path.join(stubs, name)
            with open(path, "w") as file:
                file.write(CHROOT % os.path.join(work, "record") if name == "chroot" else
                           REFUSED if name in ("unshare", "mknod") else STUB)
            os.chmod(path, 0o755)
        script = os.path.join(work, "build.sh")
        with open(script, "wb") as file:
            file.write(made.stdout)
        # The last one has an env and a chroot of its own, whatever PATH says.
        for shell in SHELLS[:-1] if chroot and not cached else SHELLS:
            subprocess.run(shell + ["-n", script], check=True, cwd=work)
            record = os.path.join(work, "record")
            environment = dict(os.environ, PATH=stubs + ":" + os.environ["PATH"], RECORD=record, x="unset")
            done = subprocess.run(shell + [script], stdin=subprocess.DEVNULL, capture_output=True,
                                  cwd=work, env=environment)
            assert done.returncode == 0, (shell, done.stderr, dockerfile, made.stdout)
            with open(record, "rb") as file:
                words = set(file.read().split(b"\0"))
            os.remove(record)
            for program in generator.programs:
                if chroot and not cached:
                    generator.expect(*program)
                else:
                    generator.expect("--args=" + json.dumps(program, ensure_ascii=False, separators=(",", ":")))
            for word in generator.expected:
                assert word.encode() in words, (shell, word, dockerfile, made.stdout)
        for directory, _, names in os.walk(work):
            assert not any("pwned" == name for name in names), dockerfile
        return True
    finally:
        shutil.rmtree(work)


built = sum(run(seed) for seed in map(int, sys.argv[1:]))
print("%d built" % built)
assert built > 0
