#!/usr/bin/env python3
"""delay.py PORT MILLISECONDS: a TCP proxy on loopback that delays 127.0.0.1:PORT.

Every byte is delayed by this time in either direction, and a connection takes a round trip to open. The
number of bytes on their way is not limited. Prints the port that it listens on. At the end of stdin it
ends and prints the number of connections.
"""
import asyncio
import os
import sys
import time

READ_BYTES = 1 << 18
PIECES_ON_THE_WAY = 4096


class Line:
    """One direction of a connection: passes on bytes and their end when they are due."""

    def __init__(self, reader, writer, delay):
        self.reader, self.writer, self.delay = reader, writer, delay
        self.pieces = asyncio.Queue(PIECES_ON_THE_WAY)

    async def run(self):
        await asyncio.gather(self.take(), self.give())

    async def take(self):
        data = b"-"
        while data:
            try:
                data = await self.reader.read(READ_BYTES)
            except OSError:
                data = b""
            await self.pieces.put((time.monotonic() + self.delay, data))

    async def give(self):
        data = b"-"
        while data:
            due, data = await self.pieces.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            try:
                if data:
                    self.writer.write(data)
                    await self.writer.drain()
                else:
                    self.writer.write_eof()
            except OSError:
                # Bytes for a closed end are read to their end nevertheless.
                pass


class Proxy:
    def __init__(self, port, delay):
        self.port, self.delay = port, delay
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        # The kernel has answered the handshake already.
        await asyncio.sleep(2 * self.delay)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(Line(reader, far_writer, self.delay).run(),
                             Line(far_reader, writer, self.delay).run())
        writer.close()
        far_writer.close()


async def main():
    proxy = Proxy(int(sys.argv[1]), float(sys.argv[2]) / 1000)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(proxy.connections, flush=True)
    os._exit(0)


asyncio.run(main())
