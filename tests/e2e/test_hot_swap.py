# SPDX-License-Identifier: Apache-2.0
"""Twenty swaps under load: clients publish, subscribe, echo and log in without pause, others come and go, and backends push.
No connection is dropped, no message is lost or doubled, refused swaps leave the old in force, and every old instance is
destroyed in the end.

DUNLIN_SWAP_CLIENTS says how many stay connected (200; a release build takes 2000)."""
import asyncio
import itertools
import json
import os
import re

from harness.swap import Swapper
from harness.swarm import PATIENCE, SwarmClient, allow_many_connections, each
from harness.waiting import until

CLIENTS = int(os.environ.get("DUNLIN_SWAP_CLIENTS", "200"))
VISITORS = 8
LISTENERS = 10  # of what the backends push
PACE = CLIENTS / 4000  # seconds between two rounds of a client: the load is the same however many there are

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


class Resident:
    """Publishes to its neighbour's channel, echoes, subscribes and unsubscribes in turn; now and then it logs in anew."""

    def __init__(self, number, port):
        self.number, self.port = number, port
        self.rounds = 0
        self.came = []    # the numbers that the neighbour published, in the order in which they came
        self.pushed, self.posted = [], []  # those of the backends, by the WebSocket API and by HTTP
        self._inboxes = {"#": self.came, "!": self.pushed, "?": self.posted}

    def _heard(self, text):
        inbox = self._inboxes.get(text[0])
        if inbox is not None:
            inbox.append(int(text[1:]))
        return inbox is not None

    async def open(self):
        self.client = await SwarmClient.connect(self.port, "/message-center", self._heard)
        await self._ask(f"login u-{self.number}", "logged in")
        await self._ask(f"subscribe n{self.number}", "subscribed")
        if self.number < LISTENERS:
            await self._ask("subscribe pushed", "subscribed")

    async def _ask(self, text, answer):
        said = await self.client.ask(text)
        assert said.endswith(answer) and "not" not in said, f"{said} for {text}"

    async def run(self, stop):
        while not stop.is_set():
            self.rounds += 1
            self.client.send(f"publish n{(self.number + 1) % CLIENTS} #{self.rounds}")
            await self._ask(f"e{self.rounds}", f"e{self.rounds}")
            if self.rounds % 4 == 1:
                await self._ask("subscribe side", "subscribed")
            elif self.rounds % 4 == 3:
                await self._ask("unsubscribe side", "unsubscribed")
            if self.rounds % 10 == self.number % 10:
                await self._ask(f"login u-{self.number}", "logged in")
            await asyncio.sleep(PACE)

    async def close(self):
        assert await self.client.close() == 1000


class Visitor:
    """Comes, logs in, in the handshake or after it, echoes, and leaves."""

    def __init__(self, number, port):
        self.number, self.port, self.rounds = number, port, 0

    async def run(self, stop):
        while not stop.is_set():
            self.rounds += 1
            uid = 100_000 + self.number
            path = "/handshake?token=u-" if (self.number + self.rounds) % 2 else "/message-center?uid="
            client = await SwarmClient.connect(self.port, f"{path}{uid}")
            if "token" not in path:
                assert (await client.ask(f"login u-{uid}")).endswith("logged in")
            assert (await client.ask(f"v{self.rounds}")).endswith(f"v{self.rounds}")
            assert await client.close() == 1000


HANDED_TO_ALL = {"s": LISTENERS, "f": 0}


class SocketBackend:
    """Pushes through the WebSocket API, one message after the other, and sees that each was handed to all."""

    def __init__(self, port):
        self.port, self.rounds = port, 0

    async def run(self, stop):
        client = await SwarmClient.connect(self.port, "/ws/v1")
        while not stop.is_set():
            self.rounds += 1
            answer = json.loads(await client.ask(json.dumps(
                {"m": "mesh.publish", "i": str(self.rounds), "p": {"c": "pushed", "d": f"!{self.rounds}"}})))
            assert (answer["i"], answer["r"]) == (str(self.rounds), HANDED_TO_ALL), answer
        await client.close()


class HttpBackend:
    """The same through the HTTP API, on one connection."""

    def __init__(self, port):
        self.port, self.rounds = port, 0

    async def run(self, stop):
        self._reader, self._writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), PATIENCE)
        while not stop.is_set():
            self.rounds += 1
            answer = await asyncio.wait_for(self._publish(f"?{self.rounds}"), PATIENCE)
            assert (answer["E"], answer["r"]) == (None, HANDED_TO_ALL), answer
            await asyncio.sleep(PACE)
        self._writer.close()

    async def _publish(self, text):
        body = json.dumps({"c": "pushed", "d": text})
        self._writer.write(f"POST /v1/mesh/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        (size,) = re.findall(r"^content-length: (\d+)", head, re.M)
        return json.loads(await self._reader.readexactly(int(size)))


class Load:
    def __init__(self, loop, dunlin):
        self._loop, self._stop = loop, asyncio.Event()
        self.residents = [Resident(i, dunlin.port) for i in range(CLIENTS)]
        self.socket_backend, self.http_backend = SocketBackend(dunlin.api.port), HttpBackend(dunlin.api.port)
        visitors = [Visitor(i, dunlin.port) for i in range(VISITORS)]
        self._all = [*self.residents, *visitors, self.socket_backend, self.http_backend]

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop.loop).result(5 * PATIENCE)

    def start(self):
        async def start():
            await each(Resident.open, self.residents)
            self._running = [asyncio.ensure_future(one.run(self._stop)) for one in self._all]

        self._do(start())

    def wait_round(self):
        """Until each has had an answer that was asked for after now."""
        reached = [one.rounds + 2 for one in self._all]
        until(lambda: all(one.rounds >= goal for one, goal in zip(self._all, reached)) or self._failed(), "everybody goes on", PATIENCE)

    def _failed(self):
        return any(task.done() for task in self._running)

    def stop(self):
        async def stop():
            self._stop.set()
            await asyncio.gather(*self._running)

        self._do(stop())

    def close(self):
        self._do(each(Resident.close, self.residents))


def in_order(count):
    return list(range(1, count + 1))


def test_twenty_swaps_under_load_lose_nothing(serve, tmp_path, client_loop):
    allow_many_connections()
    handshake = {"path": "/handshake", "auth": ["swap"], "router": "swap", "login": "handshake"}
    swapper = Swapper(serve, tmp_path, endpoints=[handshake])
    dunlin = swapper.dunlin
    load = Load(client_loop, dunlin)
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

    for resident, neighbour in zip(load.residents, itertools.chain(load.residents[-1:], load.residents)):
        listens = resident.number < LISTENERS
        owed = [neighbour.rounds, load.socket_backend.rounds * listens, load.http_backend.rounds * listens]
        heard = [resident.came, resident.pushed, resident.posted]
        until(lambda: all(len(one) >= count for one, count in zip(heard, owed)), "what was published arrives")
        assert heard == [in_order(count) for count in owed], f"client {resident.number}"
    assert dunlin.metric("dunlin_drops_total") == 0
    hanging.recv_many(4)
    dunlin.wait_metric("dunlin_sessions", CLIENTS + 1, state="ready")  # the last answer goes out before its hook has ended
    assert dunlin.metric("dunlin_closes_total") == dunlin.metric("dunlin_closes_total", reason="by_peer")  # visitors
    assert dunlin.metric("dunlin_reloads_total", outcome="in_force") == 16
    assert dunlin.metric("dunlin_reloads_total", outcome="refused") == 4
    swapper.wait_one_generation()
    load.close()
