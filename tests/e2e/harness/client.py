# SPDX-License-Identifier: Apache-2.0
"""A client of the message centre: a real one, by the websockets library."""
import asyncio
import itertools
import json
import queue

import websockets
from websockets.legacy.client import connect

from .waiting import DEADLINE

CLOSED = object()


class Client:
    """One connection. What arrives waits in an inbox until a test asks for it."""

    def __init__(self, loop, url, **options):
        self._loop = loop
        self._inbox = queue.Queue()
        self._put_back = []
        self._ids = itertools.count(1)
        self._socket = loop.run(self._open(url, options))
        self._reader = loop.run(self._start_reading())

    @staticmethod
    async def _open(url, options):
        # Pings are the server's matter here, and only what a test asks for is negotiated.
        options = {"compression": None, "ping_interval": None, "max_size": None, "open_timeout": DEADLINE,
                   "close_timeout": DEADLINE, "max_queue": None} | options
        return await connect(url, **options)

    async def _start_reading(self):
        return self._loop.loop.create_task(self._read())

    async def _read(self):
        try:
            while True:
                self._inbox.put(await self._socket.recv())
        except websockets.ConnectionClosed:
            self._inbox.put(CLOSED)

    @property
    def response_headers(self):
        return self._socket.response_headers

    def send(self, data):
        """A dict as JSON, a str as a text frame, bytes as a binary one, a list as the fragments of one message."""
        if isinstance(data, dict):
            data = json.dumps(data)
        self._loop.run(self._socket.send(data))

    def recv(self, timeout=DEADLINE):
        """The next message as it came."""
        if self._put_back:
            return self._put_back.pop(0)
        try:
            message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no message within {timeout:g} s") from None
        if message is CLOSED:
            self._inbox.put(CLOSED)
            raise AssertionError(f"the connection is closed: {self._socket.close_code} {self._socket.close_reason}")
        return message

    def recv_json(self):
        return json.loads(self.recv())

    def recv_many(self, count):
        return [self.recv() for _ in range(count)]

    def request(self, op, **fields):
        """Sends an op with an id and returns the answer of that id, without it. Pushes in between stay in the inbox."""
        wanted = f"request-{next(self._ids)}"
        self.send({"op": op, "id": wanted} | fields)
        pushes = []
        while True:
            message = self.recv()
            answer = json.loads(message) if isinstance(message, str) and wanted in message else None
            if isinstance(answer, dict) and answer.pop("id", None) == wanted:
                self._put_back = pushes
                return answer
            pushes.append(message)

    def do(self, op, **fields):
        """A request that must succeed."""
        answer = self.request(op, **fields)
        assert answer == {"result": True}, f"{op}: {answer}"
        return self

    def auth(self, token):
        return self.do("auth", token=token)

    def subscribe(self, channel):
        return self.do("subscribe", channel=channel)

    def unsubscribe(self, channel):
        return self.do("unsubscribe", channel=channel)

    def is_alive(self):
        """Whether it still answers; what it had received stays in the inbox."""
        return self.request("ping") == {"result": True}

    def nothing_waits(self):
        """That nothing has arrived which no one has asked for: an answer comes behind all that was sent before it."""
        self.do("ping")
        return not self._put_back

    def expect_close(self, code, timeout=DEADLINE):
        """Waits for the server to close, with this code; returns the reason. Messages before it are let go."""
        while True:
            try:
                if self._inbox.get(timeout=timeout) is CLOSED:
                    break
            except queue.Empty:
                raise AssertionError(f"not closed within {timeout:g} s") from None
        self._inbox.put(CLOSED)
        assert self._socket.close_code == code, f"closed with {self._socket.close_code} {self._socket.close_reason}"
        return self._socket.close_reason

    def ping(self, timeout=DEADLINE):
        """A ping, and its pong."""
        async def ask():
            await asyncio.wait_for(await self._socket.ping(), timeout)

        self._loop.run(ask())

    def close(self, code=1000):
        """Closes from the client's side, and waits for the server's answer."""
        self._loop.run(self._socket.close(code))
        self._loop.run(self._finished())

    async def _finished(self):
        await self._reader


def refused_status(loop, url, **options):
    """The HTTP status with which a handshake is refused."""
    try:
        client = Client(loop, url, **options)
    except websockets.InvalidStatusCode as refusal:
        return refusal.status_code
    client.close()
    raise AssertionError("the handshake was accepted")
