"""Starts builds, sends each a signal at a random moment, and checks how it ends.

usage: wrapper_signals.py WRAPPER COUNT SHELL...

Eight run at once. The signal goes to the wrapper alone, to all processes of the build, or to one stage. A
build must end, leave no process and no file of its own, and print an image only if it is named and whole.
After a signal to the wrapper, its status must be that of the signal, unless it had finished.
The working directory is new and has a directory `dist`.
"""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

WRAPPER, COUNT, SHELLS = sys.argv[1], int(sys.argv[2]), [text.split() for text in sys.argv[3:]]
# No build takes as long as this, except one that hangs.
BOUND = 120
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]


def prepare():
    """Starts it in a session of its own, as from a terminal: a shell's job would ignore some signals."""
    os.setsid()
    for number in [*SIGNALS, signal.SIGPIPE]:
        signal.signal(number, signal.SIG_DFL)


def descendants(pid):
    """All processes below one, the nearest first."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
                children = [int(word) for word in file.read().split()]
        except OSError:
            children = []
        found += children
        waiting += children
    return found


def members(session):
    """The processes of a session that have not ended."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(name))
    return found


def send(process, target, number, choice):
    try:
        if target == "wrapper":
            os.kill(process.pid, number)
        elif target == "all":
            os.killpg(process.pid, number)
        else:
            stages = descendants(process.pid)
            if stages:
                os.kill(choice.choice(stages), number)
    except ProcessLookupError:
        pass


def named(layout):
    """The manifests that a layout names."""
    try:
        with open(f"{layout}/index.json", encoding="utf-8") as file:
            return [entry["digest"] for entry in json.load(file)["manifests"]]
    except FileNotFoundError:
        return []


def build(index):
    choice = random.Random(index)
    shell = SHELLS[index % len(SHELLS)]
    target = choice.choice(["wrapper", "all", "stage"])
    number = choice.choice(SIGNALS if target != "stage" else [signal.SIGTERM, signal.SIGKILL])
    # An input that stays open: the signal alone ends it.
    is_open = target != "stage" and choice.random() < 0.5
    layout = f"image.{index}"
    what = f"build {index} by {' '.join(shell)}, {number.name} to {target}"
    with tempfile.TemporaryDirectory(dir=".") as temporary:
        with subprocess.Popen(
                [*shell, WRAPPER, "build", "-" if is_open else "dist", "--from", "scratch",
                 "--output", f"oci:{layout}:1", "--compress", "none" if is_open else "zstd"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": os.path.abspath(temporary)},
                preexec_fn=prepare) as process:
            # bash ignores SIGQUIT until the wrapper has its traps.
            while number == signal.SIGQUIT and process.poll() is None and not os.listdir(temporary):
                time.sleep(0.001)
            time.sleep(choice.random() * 0.15)
            send(process, target, number, choice)
            try:
                status = process.wait(BOUND)
            except subprocess.TimeoutExpired:
                left = subprocess.run(["ps", "-o", "pid,ppid,args", "--sid", str(process.pid)],
                                      capture_output=True, check=False).stdout.decode()
                os.killpg(process.pid, signal.SIGKILL)
                return f"{what}: hangs\n{left}"
            left = members(process.pid)
            # Orphans of a killed shell end by themselves.
            while left and target == "stage":
                time.sleep(0.05)
                left = members(process.pid)
            printed = process.stdout.read()
        files = os.listdir(temporary)
    images = named(layout)
    if left:
        return f"{what}: processes {left} go on"
    if files and target != "stage":
        return f"{what}: left {files}"
    if target != "stage" and status not in (0, -number, 128 + number):
        return f"{what}: status {status}"
    # A signal may arrive between the last printed line and the wrapper's end.
    if (status == 0 or printed) and (not printed or images != [json.loads(printed)["digest"]]):
        return f"{what}: status {status}, printed {printed}, named {images}"
    return None


def main():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        failures = [failure for failure in pool.map(build, range(COUNT)) if failure]
    for failure in failures[:10]:
        print(failure)
    print(f"{COUNT} builds, {len(failures)} wrong")
    sys.exit(bool(failures))


main()
