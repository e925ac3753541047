# SPDX-License-Identifier: Apache-2.0
"""The way to NATS: TLS with certificates on both sides, a user and password, credentials of an operator's; and refused."""
import json

import pytest

from harness.cluster import Cluster
from harness.keys import self_signed
from harness.nkeys import Operator
from harness.proxy import Proxy
from harness.server import configuration, run_cli
from harness.waiting import until


class Doorman(Proxy):
    """Answers `refusing` log-ins itself, by `words`: what NATS says of a wrong one, for example."""

    def __init__(self, loop, port, refusing=0, words="Authorization Violation"):
        self.refusing, self._words, self._inside = refusing, words, []
        super().__init__(loop, port)

    async def _serve(self, reader, writer):
        if self.refusing == 0:
            self._inside.append(writer)
            return await super()._serve(reader, writer)
        self.refusing -= 1
        far_reader, far_writer = await self._reach()
        writer.write(await far_reader.readline())
        await reader.readuntil(b"PING\r\n")
        self._say(writer)
        await writer.drain()
        for one in (writer, far_writer):
            one.close()

    def _say(self, writer):
        writer.write(f"-ERR '{self._words}'\r\n".encode())

    def end(self, refusing):
        """Says so to all that are inside, who have to leave, and to the next that come."""
        async def end():
            self.refusing = refusing
            for writer in self._inside:
                self._say(writer)
                writer.close()
            self._inside.clear()

        self._loop.run(end())


@pytest.fixture
def certificate(tmp_path):
    return self_signed(tmp_path)


def reaches_all(nodes):
    clients = [node.login(uid=1).subscribe("@user") for node in nodes]
    nodes.wait_reaches("user:1", len(clients))


def refused(tmp_path, server, **nats):
    """Why a node does not start."""
    settings = {"url": server.urls, "timeout": "1s"} | nats
    file = tmp_path / "refused.yaml"
    file.write_text(json.dumps(configuration(top={"mesh": {"engine": "nats", "nats": settings}})))
    done = run_cli("serve", "--config", file)
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_tls_with_certificates_on_both_sides(serve, nats, certificate, tmp_path):
    chain, key = map(str, certificate)
    server = nats(1, ["--tls", "--tlscert", chain, "--tlskey", key, "--tlscacert", chain, "--tlsverify"])
    tls = {"ca": chain, "certificate": chain, "key": key}
    reaches_all(Cluster(serve, server, 2, {"nats": {"tls": tls}}))
    assert "NATS could not be reached" in refused(tmp_path, server, tls={"ca": chain})  # without a certificate of its own
    other = tmp_path / "other"
    other.mkdir()
    assert "NATS could not be reached" in refused(tmp_path, server, tls=tls | {"ca": str(self_signed(other)[0])})  # not its authority


def test_a_user_and_password_in_the_url(serve, nats, tmp_path):
    server = nats(1, ["--user", "dunlin", "--pass", "s3cret"])
    known = [url.replace("nats://", "nats://dunlin:s3cret@") for url in server.urls]
    nodes = Cluster(serve, server, 2, {}, urls=lambda index: known)
    reaches_all(nodes)
    assert not any("s3cret" in node.log_text() for node in nodes)
    said = refused(tmp_path, server, url=[url.replace("s3cret", "wr0ng") for url in known])
    assert "NATS could not be reached" in said and "wr0ng" not in said


def test_credentials_of_an_operator(serve, nats, tmp_path):
    operator = Operator(tmp_path)
    server = nats(1, ["-c", str(operator.config)])
    reaches_all(Cluster(serve, server, 2, {"nats": {"credentials": str(operator.credentials)}}))
    assert "NATS could not be reached" in refused(tmp_path, server)


def test_the_next_url_is_tried(serve, nats):
    server = nats(2)
    server.kill(0)
    nodes = Cluster(serve, server, 2, {})
    reaches_all(nodes)
    server.start(0)
    server.kill(1)
    nodes.wait_connected()
    until(lambda: [node.api.publish("user:1", "?") for node in nodes] == [{"s": 2, "f": 0}] * 2, "every publish reaches both")


@pytest.fixture
def behind(serve, client_loop):
    """A node behind a Doorman."""
    doors = []

    def start(server, *args, **options):
        door = Doorman(client_loop, server.ports[0], *args)
        doors.append(door)
        return door, serve(top={"mesh": {"engine": "nats", "nats": {"url": [f"nats://127.0.0.1:{door.port}"]} | options}})

    yield start
    for door in doors:
        door.close()


# libnats gives such a connection up, though the same log-in may be taken the next time, or a proxy's server be there by then.
@pytest.mark.parametrize("times", [1, 5])
def test_a_start_that_is_refused_at_first(behind, nats, times):
    door, dunlin = behind(nats(1), times)
    assert door.refusing == 0 and dunlin.logged("connected to NATS")


# It gives up a connection that runs, too: for a second refusal, and for each word of a server but a few.
@pytest.mark.parametrize("words, refusing", [("Authorization Violation", 3), ("Maximum Connections Exceeded", 1)])
def test_a_connection_that_is_ended_for_good_is_begun_anew(behind, serve, nats, words, refusing):
    server = nats(1)
    door, one = behind(server, 0, words)
    other = serve(top={"mesh": {"engine": "nats", "nats": {"url": server.urls}}})
    client = one.login(uid=1).subscribe("@user")
    until(lambda: other.api.publish("user:1", "?") == {"s": 1, "f": 0}, "a publish reaches it")
    door.end(refusing)
    one.wait_logged("NATS has ended the connection for good: another one is begun")
    until(lambda: one.metric("dunlin_cluster_connected") == 1, "the node is back")
    until(lambda: other.api.publish("user:1", "?") == {"s": 1, "f": 0}, "a publish reaches it again")
    assert other.api.publish("user:1", "last") == {"s": 1, "f": 0} and door.refusing == 0
    until(lambda: "last" in client.recv(), "it arrives")
