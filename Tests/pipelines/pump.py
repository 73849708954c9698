"""What the proxies of the tests share."""

import socket


def pump(source, sink):
    """Passes on what one end sends to the other, and its end."""
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
