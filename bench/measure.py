"""Runs commands and prints their figures."""
import json
import os
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.environ.get("TOOLS", f"{ROOT}/.build/tools/bin")
DIR = os.environ.get("BENCH_DIR", "/var/tmp/ocinoco-bench")
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
os.environ["PATH"] = f"{TOOLS}:{os.environ['PATH']}"
# Where files are in memory.
FAST = "/dev/shm" if os.path.isdir("/dev/shm") else DIR


class Result:
    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak


def shell(command):
    """Runs a command; its wall and processor seconds, and its largest process in MiB."""
    # A process of its own does the waiting, so that its children's usage is this command's alone.
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        null = os.open(os.devnull, os.O_RDWR)
        start = time.monotonic()
        status = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], stdin=null, stdout=null).returncode
        wall = time.monotonic() - start
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, json.dumps(
            [status, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        status, wall, cpu, peak = json.load(file)
    os.waitpid(child, 0)
    if status:
        sys.exit(f"run: status {status} of: {command}")
    return Result(wall, cpu, peak)


def compare(name, bound, ours, theirs, figure="wall", before=lambda: None, runs=RUNS):
    """Prints the ratio of one figure of two commands."""
    a, b = [], []
    for index in range(runs + 1):
        for command, results in ((ours, a), (theirs, b)):
            before()
            result = shell(command)
            if index:
                results.append(result)
    a_value = statistics.median(getattr(result, figure) for result in a)
    b_value = statistics.median(getattr(result, figure) for result in b)
    pairs = sorted(getattr(x, figure) / getattr(y, figure) for x, y in zip(a, b))
    print(f"{name:<48} {a_value:8.3f} {b_value:8.3f}  {a_value / b_value:5.2f}"
          f"  [{pairs[0]:.2f} {pairs[-1]:.2f}]  {bound}", flush=True)


def measure(name, bound, command):
    """Prints the memory of a command's largest process."""
    result = shell(command)
    print(f"{name:<48} {result.peak:8.1f} MiB {'':17} {bound}", flush=True)


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3")


def can_drop_caches():
    return os.access("/proc/sys/vm/drop_caches", os.W_OK)
