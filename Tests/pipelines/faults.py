"""Runs tools repeatedly; in each run another system call fails.

usage: faults.py SHIM STORAGE <CASES

CASES is a JSON list of objects with the fields of Case; STORAGE is the directory of the registry.
Each system call of a run fails once, with each error that the call can have. The run must then
have a documented status and one message, and stdout must not pass for a result. Every file has its
previous content or that of a complete run, and there are no other files. A run that succeeds, as it
must after interrupts and short transfers, has the results of an undisturbed run.
"""

import concurrent.futures
import errno
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SHORT = 0
SHIM, STORAGE = sys.argv[1:]
HARMLESS = {errno.EINTR, SHORT}
TRANSFER = [errno.EIO, errno.EINTR, SHORT]
# At most this many calls of one kind fail.
MOST = 16

OPEN, SYSTEM, CREATE, IO = {66}, {71}, {73}, {74}
NETWORK = {69, 75}
# The errors of each call, and the permitted exit statuses.
CALLS = {
    "read": (TRANSFER, IO | {66, 78}),
    "pread": ([errno.EIO, errno.EINTR, SHORT], IO),
    "write": ([errno.ENOSPC, errno.EAGAIN] + TRANSFER, IO | CREATE),
    "close": ([errno.EIO], IO),
    "fsync": ([errno.EIO, errno.EINTR], IO | CREATE),
    "flock": ([errno.ENOLCK, errno.EINTR], CREATE),
    "openat": ([errno.EMFILE, errno.EINTR], OPEN | CREATE | IO | {78}),
    "open": ([errno.EMFILE], OPEN | CREATE | IO),
    "openat2": ([errno.EMFILE, errno.EINTR], OPEN | CREATE),
    "tmpfile": ([errno.ENOSPC, errno.EOPNOTSUPP], CREATE),
    "opendir": ([errno.EMFILE], OPEN | CREATE),
    "readdir": ([errno.EIO], OPEN | CREATE | IO),
    "getdents64": ([errno.EIO, errno.EINTR], OPEN | CREATE),
    "dup": ([errno.EMFILE], CREATE | SYSTEM),
    "pipe2": ([errno.EMFILE], SYSTEM),
    "poll": ([errno.ENOMEM, errno.EINTR], IO | SYSTEM | NETWORK | {78}),
    "socket": ([errno.EMFILE], SYSTEM | NETWORK),
    "connect": ([errno.ECONNREFUSED, errno.ENETUNREACH], NETWORK),
    "send": ([errno.ECONNRESET, SHORT], NETWORK),
    "recv": ([errno.ECONNRESET, SHORT], NETWORK),
    "pthread_create": ([errno.EAGAIN], SYSTEM),
    "access": ([errno.EIO], OPEN | CREATE | IO),
    "fallocate": ([errno.ENOSPC, errno.EOPNOTSUPP], IO | CREATE),
}
for name in ["stat", "lstat", "fstat", "fstatat", "readlinkat", "fgetxattr", "flistxattr",
             "lgetxattr", "llistxattr"]:
    CALLS[name] = ([errno.EIO], OPEN | CREATE | IO | {78})
for name in ["rename", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "mknodat",
             "symlinkat", "chmod", "fchmod", "fchown", "fchownat", "futimens", "utimensat",
             "fsetxattr", "lsetxattr"]:
    CALLS[name] = ([errno.ENOSPC], CREATE | IO)

EMPTY_INDEX = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'


class Case:
    """A command, run in a directory of its own that holds a copy of `template`."""

    def __init__(self, name, command, stdin="/dev/null", template=None, is_line=False,
                 is_proved=False, is_named=False, is_cautious=False, repository=None):
        self.name, self.command, self.stdin, self.template = name, command, stdin, template
        # Whether stdout is a descriptor line, which a failed run must not print; whether it has
        # an end, without which it is invalid.
        self.is_line, self.is_proved = is_line, is_proved
        # Whether the file system lacks unnamed temporary files.
        self.is_named = is_named
        # Whether stdout may lack the change times of files, which need a reliable clock.
        self.is_cautious = is_cautious
        # The repository that is written to; each run has its own.
        self.repository = repository


def contents(directory):
    """The content of every file by path; that of a link is its target."""
    result = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            result[name] = os.readlink(path).encode()
        elif path.is_file():
            result[name] = path.read_bytes()
        elif not path.is_dir():
            result[name] = b"special"
    return result


numbers = itertools.count(1)


class Run:
    def __init__(self, case, call=None, error=0, first=0, last=0):
        number = next(numbers)
        directory = pathlib.Path(f"run.{number}")
        if case.template:
            shutil.copytree(case.template, directory, symlinks=True)
        else:
            directory.mkdir()
        self.repository = f"fault/{number}"
        command = [word.replace("@", self.repository) for word in case.command]
        counts = pathlib.Path(f"counts.{number}").absolute()
        environment = dict(os.environ, LD_PRELOAD=SHIM, FAULT_COUNTS=str(counts))
        if case.is_named:
            environment["FAULT_NAMED"] = "1"
        if call:
            environment |= {"FAULT_CALL": call, "FAULT_ERROR": str(error),
                            "FAULT_FIRST": str(first), "FAULT_LAST": str(last)}
        with open(case.stdin, "rb") as stdin:
            done = subprocess.run(command, cwd=directory, stdin=stdin, capture_output=True,
                                  env=environment, timeout=60)
        self.status, self.stdout = done.returncode, done.stdout
        self.stderr = done.stderr.decode()
        self.files = contents(directory)
        self.tags, self.sessions = self.registry(case)
        # A process killed by a signal has no message.
        lines = counts.read_text().splitlines() if counts.exists() else []
        self.counts = dict(line.split() for line in lines)
        counts.unlink(missing_ok=True)
        shutil.rmtree(directory)

    def registry(self, case):
        """The tags of the repository, and how many upload sessions it has open."""
        top = pathlib.Path(STORAGE, "docker/registry/v2/repositories", self.repository)
        if not case.repository or not top.exists():
            return {}, 0
        links = top.glob("_manifests/tags/*/current/link")
        tags = {link.parts[-3]: link.read_bytes() for link in links}
        return tags, sum(1 for _ in top.glob("_uploads/*/startedat"))


def without_times(snapshot):
    """A snapshot without the lines of its own keywords."""
    return [line for line in snapshot.splitlines() if not line.startswith(b"#. ")]


def problem(case, before, whole, run, call, error):
    """The fault of a disturbed run, or None."""
    tool = case.command[0]
    if run.status == 0:
        output = run.stdout.replace(run.repository.encode(), whole.repository.encode())
        if output != whole.stdout and not (
                case.is_cautious and without_times(output) == without_times(whole.stdout)):
            return "another output"
        if run.files != whole.files:
            return f"other files: {differences(run.files, whole.files)}"
        if run.tags != whole.tags:
            return f"tags {run.tags}"
        return sessions_left(run, call)
    if run.status not in CALLS[call][1] and not (run.status == 141 and call == "write"):
        return f"status {run.status}"
    if error in HARMLESS:
        return "not passed over"
    lines = [line for line in run.stderr.splitlines() if not line.startswith(f"{tool}: warning: ")]
    if len(lines) != 1 or not re.match(rf"{tool}: [^A-Z].*[^.]$", lines[0]):
        return "not one message"
    if "internal" in run.stderr:
        return "an internal error"
    if call != "close":
        if case.is_line and run.stdout or case.is_proved and run.stdout == whole.stdout:
            return "a result on stdout"
    for path, content in run.files.items():
        if content in (before.get(path), whole.files.get(path)):
            continue
        if path.endswith("index.json") and content == EMPTY_INDEX:
            continue
        return f"half-written or left: {path}"
    if any(tag not in whole.tags or digest != whole.tags[tag] for tag, digest in run.tags.items()):
        return f"tags {run.tags}"
    return sessions_left(run, call)


def sessions_left(run, call):
    # A session whose answer was lost is not known here.
    return f"{run.sessions} sessions" if run.sessions > (call == "recv") else ""


def differences(one, other):
    paths = sorted(one.keys() | other.keys())
    return [path for path in paths if one.get(path) != other.get(path)][:5]


def disturbances(counts):
    """Call, error, first and last: each call once, and a disk that stays full."""
    for call, count in counts.items():
        count = int(count)
        for error in CALLS.get(call, ([], 0))[0]:
            for number in range(1, count + 1, -(-count // MOST)):
                yield call, error, number, number
                if call == "write" and error == errno.ENOSPC:
                    yield call, error, number, 1 << 40
            if error in HARMLESS:
                yield call, error, 1, 3 if error == errno.EINTR else 1 << 40


def sweep(case, pool):
    before = contents(pathlib.Path(case.template)) if case.template else {}
    whole = Run(case)
    if whole.status != 0:
        print(f"{case.name}: status {whole.status}: {whole.stderr}")
        return False
    if not whole.counts:
        print(f"{case.name}: nothing was counted")
        return False
    unknown = whole.counts.keys() - CALLS.keys()
    if unknown:
        print(f"{case.name}: what may these lead to? {sorted(unknown)}")
        return False

    def attempt(disturbance):
        call, error, first, last = disturbance
        run = Run(case, call, error, first, last)
        text = problem(case, before, whole, run, call, error)
        name = errno.errorcode.get(error, "short")
        return text and f"{call} {first}..{last} {name}: {text}: status {run.status}: {run.stderr}"

    disturbed = list(disturbances(whole.counts))
    problems = [text for text in pool.map(attempt, disturbed) if text]
    print(f"{case.name}: {len(disturbed)} runs, {len(problems)} problems", *problems, sep="\n    ",
          flush=True)
    return not problems


def main():
    cases = [Case(**case) for case in json.load(sys.stdin)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = [sweep(case, pool) for case in cases]
    sys.exit(not all(results))


main()
