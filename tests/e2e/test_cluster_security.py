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
    """Says of the first log-in what NATS says of a wrong one."""

    def __init__(self, loop, port):
        self.refused = 0
        super().__init__(loop, port)

    async def _serve(self, reader, writer):
        if self.refused == 1:
            return await super()._serve(reader, writer)
        self.refused += 1
        far_reader, far_writer = await self._reach()
        writer.write(await far_reader.readline())
        await reader.readuntil(b"PING\r\n")
        writer.write(b"-ERR 'Authorization Violation'\r\n")
        await writer.drain()
        for one in (writer, far_writer):
            one.close()


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


# libnats gives such a connection up, though the same log-in is taken the next time.
def test_a_first_log_in_that_is_refused_once(serve, nats, client_loop):
    door = Doorman(client_loop, nats(1).ports[0])
    try:
        dunlin = serve(top={"mesh": {"engine": "nats", "nats": {"url": [f"nats://127.0.0.1:{door.port}"]}}})
        assert door.refused == 1 and dunlin.logged("connected to NATS")
    finally:
        door.close()
