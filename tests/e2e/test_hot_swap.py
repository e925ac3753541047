# SPDX-License-Identifier: Apache-2.0
"""Twenty swaps under load: clients publish, echo and log in without pause. No connection is dropped, no message is lost or
doubled, refused swaps leave the old in force, and every old instance is destroyed in the end.

DUNLIN_SWAP_CLIENTS says how many clients (200; a release build takes 2000)."""
import asyncio
import os

from websockets.legacy.client import connect

from harness.swap import Swapper
from harness.waiting import until

CLIENTS = int(os.environ.get("DUNLIN_SWAP_CLIENTS", "200"))
CONNECT_AT_ONCE = 50
PATIENCE = 60  # of one client for one answer, while all of them share a machine with a sanitizer build

# (version of the file, settings, must it be refused)
SWAPS = [
    ("v2", {}, None),
    ("v2", {"mark": "a"}, None),
    ("v1", {"mark": "a"}, None),
    ("v1", {"refuse": True}, "refused, as it was told to"),
    ("v2", {"mark": "b"}, None),
    ("v2", {"hang": True}, None),
    ("v1", {}, None),
    ("v2", {"fail": True}, "create failed on worker"),
    ("v1", {"hang": True, "mark": "c"}, None),
    ("v2", {}, None),
] * 2


class LoadClient:
    """Publishes to its neighbour's channel and echoes in turn; now and then it logs in anew."""

    def __init__(self, number, url):
        self.number, self.url = number, url
        self.published = self.echoed = self.logins = 0
        self.came = []  # the numbers that the neighbour published, in the order in which they came
        self._answers = asyncio.Queue()

    async def open(self):
        self.socket = await connect(self.url, compression=None, ping_interval=None, open_timeout=PATIENCE,
                                    close_timeout=PATIENCE, max_queue=None)
        self._reader = asyncio.ensure_future(self._read())
        await self._login()
        await self.socket.send(f"subscribe n{self.number}")
        assert (await self._answer()).endswith("subscribed")

    async def _read(self):
        async for text in self.socket:
            if text.startswith("#"):
                self.came.append(int(text[1:]))
            else:
                self._answers.put_nowait(text)

    async def _answer(self):
        return await asyncio.wait_for(self._answers.get(), PATIENCE)

    async def _login(self):
        await self.socket.send(f"login u-{self.number}")
        answer = await self._answer()
        assert answer.endswith("logged in") and "not" not in answer, answer
        self.logins += 1

    async def run(self, stop):
        while not stop.is_set():
            self.published += 1
            await self.socket.send(f"publish n{(self.number + 1) % CLIENTS} #{self.published}")
            self.echoed += 1
            await self.socket.send(f"e{self.echoed}")
            answer = await self._answer()
            assert answer.endswith(f"e{self.echoed}"), f"{answer} for e{self.echoed}"
            if self.echoed % 10 == 0:
                await self._login()

    async def close(self):
        await self.socket.close()
        await self._reader


class Load:
    def __init__(self, loop, url):
        self._loop, self._stop = loop, asyncio.Event()
        self.clients = [LoadClient(i, url) for i in range(CLIENTS)]

    async def _each(self, do):
        for i in range(0, CLIENTS, CONNECT_AT_ONCE):
            await asyncio.gather(*map(do, self.clients[i:i + CONNECT_AT_ONCE]))

    def start(self):
        async def start():
            await self._each(LoadClient.open)
            self._running = [asyncio.ensure_future(client.run(self._stop)) for client in self.clients]

        asyncio.run_coroutine_threadsafe(start(), self._loop.loop).result(PATIENCE * 5)

    def rounds(self):
        return min(client.echoed for client in self.clients)

    def wait_round(self):
        """Until each client has had an answer that was asked for after now."""
        reached = max(client.echoed for client in self.clients) + 2
        until(lambda: self.rounds() >= reached or self._failed(), "every client goes on", PATIENCE * 2)

    def _failed(self):
        return any(task.done() for task in self._running)

    def stop(self):
        async def stop():
            self._stop.set()
            await asyncio.gather(*self._running)

        asyncio.run_coroutine_threadsafe(stop(), self._loop.loop).result(PATIENCE * 5)

    def close(self):
        asyncio.run_coroutine_threadsafe(self._each(LoadClient.close), self._loop.loop).result(PATIENCE * 5)


def test_twenty_swaps_under_load_lose_nothing(serve, tmp_path, client_loop):
    swapper = Swapper(serve, tmp_path)
    dunlin = swapper.dunlin
    load = Load(client_loop, dunlin.url())
    load.start()
    hanging = dunlin.connect()
    for version, settings, refused in SWAPS:
        swapper.build(version)
        swapper.change(swap=settings)
        if refused:
            assert refused in swapper.reload_refused()
        else:
            swapper.reload_in_force()
        if settings.get("hang"):
            hanging.send("login hang-7")
        load.wait_round()
    load.stop()

    for client in load.clients:
        neighbour = load.clients[client.number - 1]
        until(lambda: len(client.came) >= neighbour.published, "what was published arrives")
        assert client.came == list(range(1, neighbour.published + 1)), f"client {client.number}"
    assert dunlin.metric("dunlin_closes_total") == 0
    assert dunlin.metric("dunlin_drops_total") == 0
    assert hanging.recv_many(4) and dunlin.metric("dunlin_sessions", state="ready") == CLIENTS + 1
    assert dunlin.metric("dunlin_reloads_total", outcome="in_force") == 16
    assert dunlin.metric("dunlin_reloads_total", outcome="refused") == 4
    swapper.wait_one_generation()
    load.close()
