"""Runs commands whose stdin, stdout and stderr do not block, with slow programs at the other ends.

Each line of stdin has a file for the command's stdin, and the command. With pipes, sockets and
terminals (except for stdin, and for a stdout that is not text) it must do and print the same as with
files.
"""

import os
import pty
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty


def ends(kind):
    """The reading and the writing end of a connection."""
    if kind == "terminal":
        reading, writing = pty.openpty()
        tty.setraw(writing)
        return reading, writing
    if kind == "socket":
        return tuple(each.detach() for each in socket.socketpair())
    return os.pipe()


def feed(data, sink):
    while data:
        time.sleep(0.0005)
        try:
            data = data[os.write(sink, data[:65536]):]
        except OSError:  # nobody reads it
            break
    os.close(sink)


def collect(source, pieces):
    while True:
        time.sleep(0.0001)
        try:
            piece = os.read(source, 65536)
        except OSError:  # what a terminal says when its other side is closed
            piece = b""
        if not piece:
            os.close(source)
            return
        pieces.append(piece)


def run(kinds, command, data):
    """Status, stdout and stderr."""
    connections = [ends(kind) for kind in kinds]
    theirs = [connections[0][0], connections[1][1], connections[2][1]]
    for descriptor in theirs:
        os.set_blocking(descriptor, False)
    process = subprocess.Popen(command, stdin=theirs[0], stdout=theirs[1], stderr=theirs[2])
    for descriptor in theirs:
        os.close(descriptor)
    outputs = [], []
    threads = [threading.Thread(target=feed, args=(data, connections[0][1]))]
    for number in (0, 1):
        arguments = (connections[number + 1][0], outputs[number])
        threads.append(threading.Thread(target=collect, args=arguments))
    for thread in threads:
        thread.start()
    status = process.wait()
    for thread in threads:
        thread.join()
    return status, *(b"".join(pieces) for pieces in outputs)


def run_on_files(command, path):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with open(path, "rb") as stdin:
            done = subprocess.run(command, stdin=stdin, stdout=out, stderr=err, check=False)
        return done.returncode, *(file.seek(0) or file.read() for file in (out, err))


def timeless(result):
    """Without the time that --verbose prints."""
    return *result[:2], re.sub(rb"[0-9.]+ s\n", b"? s\n", result[2])


def main():
    failed = False
    for line in sys.stdin:
        path, *command = line.split()
        expected = run_on_files(command, path)
        with open(path, "rb") as file:
            data = file.read()
        for kind in ("pipe", "socket", "terminal"):
            kinds = [kind] * 3
            if kind == "terminal":
                kinds = ["pipe", "pipe" if b"\0" in expected[1] else kind, kind]
            result = run(kinds, command, data)
            if timeless(result) != timeless(expected) or result[0] != 0:
                failed = True
                print(f"{kind}: {line.strip()}: status {result[0]}: {result[2][:300].decode()}")
    sys.exit(failed)


main()
