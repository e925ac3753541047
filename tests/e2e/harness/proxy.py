# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that fails as networks do: it can cut, freeze (bytes wait, nobody is told) and delay."""
import asyncio


class Proxy:
    def __init__(self, loop, port, connect=None):
        """`connect`: makes the socket to what lies behind it, where that is not simply the port of this host."""
        self._loop, self._port, self._connect = loop, port, connect
        self._delay, self._frozen, self._cut = 0.0, False, False
        self._moving = set()
        self._server = loop.run(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]

    async def _listen(self):
        self._thawed = asyncio.Event()
        self._thawed.set()
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader, writer):
        if self._cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._reach()
        except OSError:
            writer.transport.abort()
            return
        ways = {asyncio.current_task(), asyncio.ensure_future(self._move(far_reader, writer))}
        self._moving |= ways
        try:
            await self._move(reader, far_writer)
        finally:
            for one in (writer, far_writer):
                one.transport.abort()
            self._moving -= ways

    async def _reach(self):
        if not self._connect:
            return await asyncio.open_connection("127.0.0.1", self._port)
        return await asyncio.open_connection(sock=await asyncio.get_running_loop().run_in_executor(None, self._connect))

    async def _move(self, reader, writer):
        """Each piece arrives the delay after it has come, in order; none is held up by those before it."""
        pieces = asyncio.Queue()
        out = asyncio.ensure_future(self._hand_on(pieces, writer))
        try:
            while piece := await reader.read(65536):
                pieces.put_nowait((asyncio.get_running_loop().time() + self._delay, piece))
            pieces.put_nowait((0, b""))
            await out
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            out.cancel()
            writer.transport.abort()
            await asyncio.gather(out, return_exceptions=True)

    async def _hand_on(self, pieces, writer):
        while True:
            due, piece = await pieces.get()
            await self._thawed.wait()
            if (wait := due - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(wait)
            if not piece:
                return
            writer.write(piece)
            await writer.drain()

    def cut(self):
        """Every connection breaks, and none is accepted."""
        async def cut():
            self._cut = True
            self._thawed.set()
            for task in list(self._moving):
                task.cancel()

        self._loop.run(cut())

    def freeze(self):
        """Nothing passes any more, and nobody is told."""
        async def freeze():
            self._thawed.clear()

        self._loop.run(freeze())

    def slow(self, seconds, loss=0):
        """Each way takes so long from here on. Packets are not its business: that some are lost only makes others late."""
        async def slow():
            self._delay = seconds

        self._loop.run(slow())

    def heal(self):
        async def heal():
            self._cut, self._delay = False, 0.0
            self._thawed.set()

        self._loop.run(heal())

    def close(self):
        async def close():
            moving = list(self._moving)
            self._server.close()
            await self._server.wait_closed()
            await asyncio.gather(*moving, return_exceptions=True)

        self.cut()
        self._loop.run(close())
