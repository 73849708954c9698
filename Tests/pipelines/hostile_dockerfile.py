"""hostile_dockerfile.py SEED...: Dockerfiles with shell code in every place, for each seed.

The script of each is read by several shells, and run by them with programs in the place of the tools
that only write down their words: every text arrives as it is, and nothing of it runs.
"""

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
cat >/dev/null
"""


class Generator:
    def __init__(self, seed):
        self.choose = random.Random(seed)
        self.expected = []
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
        self.expect("--env=fromarg=" + argument)
        makers = [self.env, self.label, self.copy, self.copy_json, self.command, self.user, self.heredoc,
                  self.onbuild, self.health, self.run, self.mount, self.download, self.volume]
        for _ in range(self.choose.randint(3, 8)):
            self.choose.choice(makers)()
        if self.choose.random() < 0.5:
            path = self.text().replace("/", "")
            self.lines += ["FROM scratch", "COPY --from=one " + json.dumps([bare(path), "/x/"], ensure_ascii=False)]
            self.expect(path)
        return argument

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
        # What is not ASCII is not escaped, as BuildKit expands variables in it.
        source, to = "s" + self.text(newlines=True), "/d" + self.text(newlines=True) + "/"
        self.lines.append("COPY " + json.dumps([bare(source), bare(to)], ensure_ascii=False))
        self.expect(source)

    def command(self):
        words = [self.text(newlines=True) for _ in range(2)]
        self.lines.append(self.choose.choice(["CMD ", "ENTRYPOINT "]) + json.dumps(words))

    def user(self):
        # Of several that follow each other the last one alone is in the script.
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
        self.expect("--args=" + json.dumps(words, ensure_ascii=False, separators=(",", ":")))

    def mount(self):
        name = "".join(c for c in self.text() if c not in ',"\'\\ \t$\u2028')
        self.lines.append("RUN --mount=type=cache,id=x%s,target=/m%s x" % (name, name))

    def download(self):
        address = "http://h/" + self.text()
        self.lines.append("ADD " + json.dumps([bare(address), "/x/"], ensure_ascii=False))
        self.expect(address)


def quoted(text):
    return "".join("\\" + c if c in '"\\$' else c for c in text)


def bare(text):
    """The same for a word that is in no quotes."""
    return "".join("\\" + c if c in "'\"\\$" else c for c in text)


def run(seed):
    generator = Generator(seed)
    argument = generator.build()
    dockerfile = "\n".join(generator.lines) + "\n"
    work = tempfile.mkdtemp()
    try:
        made = subprocess.run(
            ["oci-dockerfile", "--quiet", "--output", "oci:x:1", "--cache", "cache", "--build-arg", "A=" + argument],
            input=dockerfile.encode(), capture_output=True, cwd=work)
        if made.returncode == 65:
            # Refused, and nothing is printed.
            assert made.stdout == b"", dockerfile
            return False
        assert made.returncode == 0, (made.stderr, dockerfile)
        stubs = os.path.join(work, "stubs")
        os.mkdir(stubs)
        tools = os.path.dirname(shutil.which("oci-dockerfile"))
        for name in [name for name in os.listdir(tools) if name.startswith("oci-")] + ["curl", "runc"]:
            path = os.path.join(stubs, name)
            with open(path, "w") as file:
                file.write(STUB)
            os.chmod(path, 0o755)
        script = os.path.join(work, "build.sh")
        with open(script, "wb") as file:
            file.write(made.stdout)
        for shell in SHELLS:
            subprocess.run(shell + ["-n", script], check=True, cwd=work)
            record = os.path.join(work, "record")
            environment = dict(os.environ, PATH=stubs + ":" + os.environ["PATH"], RECORD=record, x="unset")
            done = subprocess.run(shell + [script], stdin=subprocess.DEVNULL, capture_output=True,
                                  cwd=work, env=environment)
            assert done.returncode == 0, (shell, done.stderr, dockerfile, made.stdout)
            with open(record, "rb") as file:
                words = set(file.read().split(b"\0"))
            os.remove(record)
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
