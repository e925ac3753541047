# SPDX-License-Identifier: Apache-2.0
"""Thousands of WebSocket clients in one process: no more of the protocol than they need, so that the machine is left to the
server. Short text frames; what is bigger than a frame, fragmented or binary is for harness/client.py."""
import asyncio
import resource
import struct

from .waiting import DEADLINE

PATIENCE = 6 * DEADLINE  # of one client for one answer, while all of them share a machine with a sanitizer build
AT_ONCE = 100


def allow_many_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def each(do, whom):
    """Does it for all, some at a time."""
    whom = list(whom)
    for i in range(0, len(whom), AT_ONCE):
        await asyncio.gather(*map(do, whom[i:i + AT_ONCE]))


class SwarmClient(asyncio.Protocol):
    """`heard(text)` is called with each message; answer() gives those that it did not take (returned False for)."""

    def __init__(self, heard=lambda text: False):
        self._heard = heard
        self._unread = b""
        self._answers = asyncio.Queue()
        self._upgraded = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()  # the code: of a Close frame, or 1006

    @classmethod
    async def connect(cls, port, path, heard=lambda text: False, headers=()):
        transport, self = await asyncio.wait_for(
            asyncio.get_running_loop().create_connection(lambda: cls(heard), "127.0.0.1", port), PATIENCE)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", *headers, "", ""]
        transport.write("\r\n".join(lines).encode())
        await asyncio.wait_for(self._upgraded, PATIENCE)
        return self

    def connection_made(self, transport):
        self._transport = transport

    def connection_lost(self, error):
        self._end(1006)

    def _end(self, code):
        if not self.closed.done():
            self.closed.set_result(code)
        if not self._upgraded.done():
            self._upgraded.set_exception(ConnectionError(f"closed before the handshake was done ({code})"))
        self._answers.put_nowait(None)

    def data_received(self, data):
        data = self._unread + data
        if not self._upgraded.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._unread = head
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self._upgraded.set_exception(ConnectionError(head.decode()))
                return
            self._upgraded.set_result(None)
        at = 0
        while len(data) - at >= 2:
            size, begin = data[at + 1], at + 2
            if size == 126:
                if len(data) - at < 4:
                    break
                size, begin = struct.unpack_from(">H", data, at + 2)[0], at + 4
            if len(data) < begin + size:
                break
            self._frame(data[at] & 15, data[begin:begin + size])
            at = begin + size
        self._unread = data[at:]

    def _frame(self, opcode, payload):
        if opcode == 1:
            text = payload.decode()
            if not self._heard(text):
                self._answers.put_nowait(text)
        elif opcode == 8:
            self._end(struct.unpack(">H", payload[:2])[0] if payload else 1005)
        elif opcode == 9:
            self._write(10, payload)

    def _write(self, opcode, payload):
        size = len(payload)
        head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
        self._transport.write(head + bytes(4) + payload)  # masked with zeros

    def send(self, text):
        self._write(1, text.encode())

    async def answer(self):
        text = await asyncio.wait_for(self._answers.get(), PATIENCE)
        assert text is not None, f"closed ({self.closed.result()}) while an answer was owed"
        return text

    async def ask(self, text):
        self.send(text)
        return await self.answer()

    async def close(self):
        """As a client that leaves; gives the server's code."""
        if not self.closed.done():
            self._write(8, struct.pack(">H", 1000))
        code = await asyncio.wait_for(self.closed, PATIENCE)
        self._transport.close()
        return code
