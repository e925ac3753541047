# SPDX-License-Identifier: Apache-2.0
"""Raw TCP with TLS."""
import os
import ssl

import pytest

from harness.keys import self_signed
from harness.scripts import LINES, PREFIXED, packet, read_packet


@pytest.fixture
def certificate(tmp_path):
    return self_signed(tmp_path)


@pytest.fixture
def trust(certificate):
    return ssl.create_default_context(cafile=certificate[0])


def listener(certificate, script=LINES, **more):
    return {"script": script, "tls": {"certificate": str(certificate[0]), "key": str(certificate[1])}} | more


def test_packets_over_tls(serve, certificate, trust):
    dunlin = serve(socket=listener(certificate, PREFIXED))
    client = dunlin.tcp(ssl=trust)
    for size in (0, 1, 16_384, 65_000):
        data = os.urandom(size)
        assert read_packet(client.send(packet(data) + packet(b"x"))) == data
        assert read_packet(client) == b"x"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions(serve, certificate, trust, version):
    trust.minimum_version = trust.maximum_version = version
    client = serve(socket=listener(certificate)).tcp(ssl=trust)
    assert client.send(b"hi\n").line() == "echo hi"


def test_a_slow_reader_gets_every_byte(serve, certificate, trust):
    dunlin = serve(workers=1, socket=listener(certificate, limits={"outbox": "64MiB"}))
    slow = dunlin.tcp(ssl=trust, receive_buffer=4096)
    assert slow.send(b"join room\n").line() == "echo join room"
    sent = [f"{i} ".ljust(60_000, "x") for i in range(60)]
    for text in sent:
        assert dunlin.api.publish("room", text) == {"s": 1, "f": 0}
    assert [slow.line() for _ in sent] == sent


def test_plain_bytes_are_refused(serve, certificate):
    dunlin = serve(socket=listener(certificate))
    assert dunlin.tcp().send(b"hello\n").ended()
    dunlin.wait_metric("dunlin_refused_total", 1, reason="bad_request")


def test_a_handshake_that_dawdles_is_cut(serve, certificate):
    dunlin = serve(socket=listener(certificate, limits={"handshake": "500ms"}))
    assert dunlin.tcp().ended()
    dunlin.wait_metric("dunlin_refused_total", 1, reason="handshake_timeout")


def test_the_end_is_a_tls_end(serve, certificate, trust):
    dunlin = serve(socket=listener(certificate))
    client = dunlin.tcp(ssl=trust)
    assert client.send(b"hi\n").line() == "echo hi"
    dunlin.terminate()
    assert client.socket.recv(100) == b""
    client.close()
    assert dunlin.wait_exit() == 0
