"""A proxy that passes a number of bytes of each connection's requests, then waits.

usage: stalling_proxy.py SERVER-PORT BYTES PORT-FILE STALLED-FILE

PORT-FILE gets the port of 127.0.0.1. STALLED-FILE is created when a connection waits; the connection
continues when the file is removed.
"""

import os
import socket
import socketserver
import sys
import threading
import time

from pump import pump

SERVER, LIMIT, PORT, STALLED = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.create_connection(("127.0.0.1", SERVER)) as server:
            answers = threading.Thread(target=pump, args=(server, self.request))
            answers.start()
            count = 0
            while data := self.receive():
                if count <= LIMIT < count + len(data):
                    os.close(os.open(STALLED, os.O_WRONLY | os.O_CREAT))
                    while os.path.exists(STALLED):
                        time.sleep(0.01)
                count += len(data)
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            answers.join()

    def receive(self):
        try:
            return self.request.recv(65536)
        except ConnectionError:
            return b""


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


with Server(("127.0.0.1", 0), Connection) as proxy:
    with open(PORT + ".new", "w", encoding="ascii") as file:
        file.write(str(proxy.server_address[1]))
    os.rename(PORT + ".new", PORT)
    proxy.serve_forever()
