"""Calls the wrapper with every option and operand in its help, with hostile values.

usage: wrapper_words.py WRAPPER NOTES

The tools beside WRAPPER append their arguments to NOTES, a zero byte after each. Every value must be
one argument there, whichever shell runs the wrapper or the script that its -n prints.
The working directory is new.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys

WRAPPER, NOTES = sys.argv[1:]
SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "sh"]]
HOSTILE = (b"a b\tc$(touch injected)`touch injected`;touch injected|&*?[x]{1,2}~'\"\n"
           b"-n --push #$HOME %s\\n\\\xff\n")
# The operands of each command, and the arguments made of them.
OPERANDS = {
    "pack": lambda one, two: ([b"-" + one, two], [b"-" + one]),
    "build": lambda one, two: ([b"-" + one], [b"-" + one]),
    "copy": lambda one, two: ([one, two], [one, b"--from=" + one, two]),
    "inspect": lambda one, two: ([one], [one]),
    "list": lambda one, two: ([one, b"-" + two], [one, b"--from=" + one, b"./-" + two]),
    "export": lambda one, two: ([one], [one, b"--from=" + one]),
    "compare": lambda one, two: ([one, two], [one, b"--from=" + one, b"--from=" + two]),
    "validate": lambda one, two: ([one, two], [one, two]),
    "tags": lambda one, two: ([one], [one]),
    "rebase": lambda one, two: ([one], [one, b"--from=" + one]),
    "login": lambda one, two: ([one], [one]),
    "logout": lambda one, two: ([one], [one]),
    "doctor": lambda one, two: ([one, two], [one, two]),
    "unpack": lambda one, two: ([one, b"-" + two], [one, b"./-" + two + b"/rootfs"]),
    "repack": lambda one, two: ([b"-" + one], [b"./-" + one + b"/rootfs"]),
    "save": lambda one, two: ([one], [one, b"--from=" + one]),
    "digest": lambda one, two: ([one], [one]),
    "sign": lambda one, two: ([one], [one, one]),
    "verify": lambda one, two: ([one], [one]),
    "delete": lambda one, two: ([one, two], [one, two]),
    "gc": lambda one, two: ([b"-" + one], [b"-" + one]),
    "load": lambda one, two: ([one], [one]),
}
# Options whose value is passed without the option.
BARE = {("build", "--from"), ("build", "--tag"), ("repack", "--tag"), ("rebase", "--tag"),
        ("inspect", "--base"), ("build", "--output"), ("repack", "--output"), ("build", "--reuse")}
# Options with another name in the tool.
RENAMED = {("build", "--verify-base-key"): "--verify-key"}
REFERENCES = {"--from", "--tag", "--onto", "--base", "--reuse"}
# Options for a Dockerfile use another pipeline, which dockerfile.sh tests.
DOCKERFILE = {"--file", "--target", "--build-arg", "--isolation", "--secret", "--no-base-listing",
              "--cache-repo", "--squash"}
# A command for sh, which wrapper-arguments.sh tests; options that print instead of run; the wrapper's
# own options, which no tool gets.
SPECIAL = DOCKERFILE | {"--compress", "--follow-base", "--source-type", "--dockerignore", "--dry-run", "--help", "--push", "--password-stdin", "--output", "--keep", "--cache", "--list", "--check",
                        "--provenance"}

counter = itertools.count(1)


def unique():
    return b"%d" % next(counter) + HOSTILE


def value_for(option):
    """References must not look like options; any other value may, or be empty."""
    if option in REFERENCES:
        return unique()
    if option == "--layer":
        return unique() + b":/" + unique()
    return next(shapes)(unique())


shapes = itertools.cycle([
    lambda word: word, lambda word: b"-" + word, lambda word: b"--push=" + word,
    lambda word: b"", lambda word: b"*"])


def run(command, **arguments):
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **arguments)


def options_of(command):
    """Options with a value, and options without."""
    text = run(["dash", WRAPPER, command, "--help"]).stdout.decode()
    options = sorted(set(re.findall(r"--[a-z][a-z-]*", text)) - SPECIAL)
    flags = [option for option in options
             if b"takes no value" in run(["dash", WRAPPER, command, option + "="]).stderr]
    return [option for option in options if option not in flags], flags


def prepare(bundle):
    """Makes a bundle for `repack`."""
    if bundle:
        os.makedirs(bundle + b"/rootfs", exist_ok=True)
        for name in (b"/snapshot.mtree", b"/image.json"):
            with open(bundle + name, "wb") as file:
                file.write(b"line\n")


def check(shell, command, words, wanted, bundle=None):
    """Runs the wrapper by one shell, and the script that it prints by all."""
    failures = []

    def compare(what, done):
        noted = b""
        if os.path.exists(NOTES):
            with open(NOTES, "rb") as file:
                noted = file.read()
            os.remove(NOTES)
        missing = set(wanted) - set(noted.split(b"\0"))
        if done.returncode != 0 or missing or os.path.exists("injected"):
            failures.append(f"{what}: {command}: status {done.returncode}, "
                            f"missing {missing}: {done.stderr}")
        for path in os.listdir(b"."):
            (shutil.rmtree if os.path.isdir(path) else os.remove)(path)
        open("a", "w").close()

    prepare(bundle)
    compare(" ".join(shell), run([*shell, WRAPPER, command, *words], stdin=subprocess.DEVNULL))
    prepare(bundle)
    printed = run([*shell, WRAPPER, command, *words, "-n"] if "--" not in words else
                  [*shell, WRAPPER, command, "-n", *words], stdin=subprocess.DEVNULL)
    for reader in SHELLS:
        prepare(bundle)
        with open("../script", "wb") as script:
            script.write(printed.stdout)
        compare(f"-n by {' '.join(shell)}, run by {' '.join(reader)}",
                run([*reader, "../script"], stdin=subprocess.DEVNULL))
    return failures


def cases(command):
    """Arguments and the expected words, with values apart and joined, and the flags."""
    valued, flags = options_of(command)
    assert valued and flags, command
    for joined in (False, True):
        operands, wanted = OPERANDS[command](unique(), unique())
        words = []
        for option in valued:
            # The image is stored either under its tag or in a layout.
            if option == "--tag" and command in ("build", "repack") and not joined:
                continue
            value = value_for(option)
            words += [option.encode() + b"=" + value] if joined else [option, value]
            if option == "--layer":
                source, directory = value.split(b":")
                wanted += [source, b"--root-dir=" + directory]
                continue
            name = RENAMED.get((command, option), option).encode()
            wanted.append(value if (command, option) in BARE else name + b"=" + value)
        if command in ("build", "repack"):
            output = b"oci:" + unique()
            words += ["--push"] if joined else ["--output", output]
            wanted += [] if joined else [output]
            kept = b"-" + unique()
            # With --keep no known layer is looked for.
            if joined and command == "build":
                words += ["--cache", kept]
                wanted.append(b"--cache=./" + kept)
            else:
                words += ["--keep", kept]
                wanted.append(b"./" + kept + b"/layer.json")
        needs_end = any(operand.startswith(b"-") for operand in operands)
        words += ["--", *operands] if needs_end or joined else operands
        yield words, wanted, operands
    operands, wanted = OPERANDS[command](unique(), unique())
    flags = [flag for flag in flags if flag != "--quiet"]
    needed = {"build": ["--from", b"x", "--tag", b"y"], "repack": ["--tag", b"y"],
              "login": ["--username", b"x"]}.get(command, [])
    yield [*flags, *needed, "--", *operands], wanted + [flag.encode() for flag in flags], operands


def main():
    failures = []
    for command in OPERANDS:
        number = 0
        for words, wanted, operands in cases(command):
            number += len(wanted)
            bundle = b"./" + operands[0] if command == "repack" else None
            for shell in SHELLS:
                failures += check(shell, command, words, wanted, bundle)
        print(f"{command}: {number} words", flush=True)
    text = run(["dash", WRAPPER, "--help"]).stdout.decode()
    if set(re.findall(r"^  ocinoco ([a-z]+) ", text, flags=re.M)) != set(OPERANDS):
        failures.append("the wrapper has other commands")
    for failure in failures[:5]:
        print(failure)
    sys.exit(bool(failures))


main()
