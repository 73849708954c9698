"""A forward proxy for the tests: TARGET-PORT PORT-FILE [USER:PASSWORD].

Connects every request to one port of this machine, whichever host it names. Logs the first line of each
connection, and whether it was accepted.
"""

import base64
import socket
import sys
import threading

from pump import pump

TARGET = ("127.0.0.1", int(sys.argv[1]))
PASSWORD = "Basic " + base64.b64encode(sys.argv[3].encode()).decode() if len(sys.argv) > 3 else None


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(1 << 16)
        if not data:
            return client.close()
        head += data
    line, *fields = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    if PASSWORD is not None and f"proxy-authorization: {PASSWORD}" not in [
        name.lower() + ":" + value for name, _, value in (field.partition(":") for field in fields)
    ]:
        print("refused", line, flush=True)
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        return client.close()
    print("passed", line, flush=True)
    server = socket.create_connection(TARGET)
    if line.startswith("CONNECT "):
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    else:
        # Servers accept the absolute form too.
        server.sendall(head)
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)


with socket.create_server(("127.0.0.1", 0)) as listener:
    with open(sys.argv[2], "w") as file:
        file.write(str(listener.getsockname()[1]))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
