"""Code that the proxies of the tests share."""

import socket


def pump(source, sink):
    """Passes on the bytes of one end to the other, and their end."""
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
