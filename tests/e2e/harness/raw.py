# SPDX-License-Identifier: Apache-2.0
"""Bytes on a socket, for what no well-behaved library would send."""
import base64
import os
import socket
import struct
from collections import namedtuple

from .waiting import DEADLINE

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10

Frame = namedtuple("Frame", "opcode payload fin rsv")
Response = namedtuple("Response", "status headers body")


class Stream:
    """A TCP connection. Reads raise EOFError at its end, and AssertionError at the deadline."""

    def __init__(self, port, receive_buffer=None, timeout=DEADLINE, ssl=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        if ssl:
            self.socket = ssl.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._buffer = b""

    def send(self, data):
        self.socket.sendall(data)
        return self

    def _more(self):
        try:
            part = self.socket.recv(65536)
        except socket.timeout:
            raise AssertionError(f"nothing more came within {self.socket.gettimeout():g} s") from None
        except ConnectionError:
            part = b""
        if not part:
            raise EOFError("the server closed the connection")
        self._buffer += part

    def read(self, size):
        while len(self._buffer) < size:
            self._more()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def line(self):
        """The next line, without its end."""
        return self.read_until(b"\n")[:-1].decode()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def read_until(self, mark):
        while mark not in self._buffer:
            self._more()
        return self.read(self._buffer.index(mark) + len(mark))

    def ended(self):
        """Waits for the server to end the connection. What still comes is let go."""
        try:
            while True:
                self._more()
                self._buffer = b""
        except EOFError:
            return True

    def response(self, head=False):
        """The next HTTP response; `head`: it answers HEAD."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if line)}
        if status < 200 or head:
            return Response(status, headers, b"")
        return Response(status, headers, self.read(int(headers["content-length"])))

    def close(self):
        self.socket.close()


def request(method, path, body=b"", headers=(), host="127.0.0.1"):
    """The bytes of an HTTP request with a Content-Length."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def upgrade(path="/message-center", headers=(), version=13):
    """The bytes of a WebSocket handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    return request("GET", path, headers=["Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Version: {version}",
                                         f"Sec-WebSocket-Key: {key}", *headers])


def frame(opcode, payload=b"", fin=True, mask=True, rsv=0):
    """The bytes of one WebSocket frame."""
    if isinstance(payload, str):
        payload = payload.encode()
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    masked = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([masked | len(payload)])
    elif len(payload) < 65536:
        head += bytes([masked | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([masked | 127]) + struct.pack("!Q", len(payload))
    if not mask:
        return head + payload
    key = os.urandom(4)
    pad = key * (len(payload) // 4 + 1)
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(pad[:len(payload)], "big")
    return head + key + mixed.to_bytes(len(payload), "big")


class RawWebSocket(Stream):
    """A WebSocket connection whose every frame the test decides. It answers neither pings nor closes by itself."""

    def __init__(self, port, path="/message-center", headers=(), **options):
        super().__init__(port, **options)
        self.send(upgrade(path, headers))
        status = self.read_until(b"\r\n\r\n").split(b" ")[1]
        assert status == b"101", f"the handshake was answered with {status}"

    def send_frame(self, opcode, payload=b"", **options):
        return self.send(frame(opcode, payload, **options))

    def send_text(self, payload):
        return self.send_frame(TEXT, payload)

    def recv_frame(self):
        first, second = self.read(2)
        size = second & 0x7F
        assert not second & 0x80, "a server's frame is not masked"
        if size == 126:
            size, = struct.unpack("!H", self.read(2))
        elif size == 127:
            size, = struct.unpack("!Q", self.read(8))
        return Frame(first & 0x0F, self.read(size), bool(first & 0x80), first >> 4 & 7)

    def recv_text(self):
        """The next message, which must be a text in one frame."""
        got = self.recv_frame()
        assert (got.opcode, got.fin, got.rsv) == (TEXT, True, 0), got
        return got.payload.decode()

    def recv_close(self):
        """The code of the server's Close frame. Frames before it are let go."""
        while True:
            got = self.recv_frame()
            if got.opcode == CLOSE:
                return struct.unpack("!H", got.payload[:2])[0]
