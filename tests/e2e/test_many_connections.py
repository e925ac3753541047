# SPDX-License-Identifier: Apache-2.0
"""libwebsockets has connections in different contexts by the number of their descriptor. All are served alike."""
import os
import ssl
import struct

from harness.keys import self_signed
from harness.raw import CLOSE, RawWebSocket
from harness.server import configuration
from harness.swarm import allow_many_connections

FIRST_RANGE = 2048  # descriptors


def highest_descriptor(dunlin):
    return max(int(name) for name in os.listdir(f"/proc/{dunlin.process.pid}/fd"))


def closes_well(raw):
    raw.send_frame(CLOSE, struct.pack("!H", 1000) + b"bye")
    assert raw.recv_frame().payload == struct.pack("!H", 1000) + b"bye"
    assert raw.ended()


def test_more_than_the_first_range_holds(serve):
    allow_many_connections()
    dunlin = serve(top={"node": {"workers": 1}}, limits={"handshake": "5m"})
    low, raw_low = dunlin.login(1001).subscribe("@user"), dunlin.raw()
    silent = [dunlin.stream() for _ in range(FIRST_RANGE)]
    dunlin.wait_metric("dunlin_connections", 2 + FIRST_RANGE)
    high, raw_high = dunlin.login(1001).subscribe("@user"), dunlin.raw()
    assert highest_descriptor(dunlin) > FIRST_RANGE

    assert dunlin.api.publish("user:1001", "to both") == {"s": 2, "f": 0}
    for client in (low, high):
        assert client.recv() == "to both" and client.is_alive()
    for raw in (raw_low, raw_high):
        closes_well(raw)
    for stream in silent:
        stream.close()
    dunlin.wait_metric("dunlin_connections", 2)
    again = dunlin.login(1001).subscribe("@user")  # with a number that another had
    assert dunlin.api.publish("user:1001", "to three") == {"s": 3, "f": 0}
    dunlin.terminate()
    for client in (low, high, again):
        assert client.recv() == "to three"
        assert client.expect_close(1001)
    assert dunlin.wait_exit() == 0


def test_listeners_with_tls_and_without(serve, tmp_path):
    certificate, key = map(str, self_signed(tmp_path))
    plain, = configuration()["listeners"]
    dunlin = serve(top={"listeners": [plain, plain | {"tls": {"certificate": certificate, "key": key}}]})
    raw = RawWebSocket(dunlin.ports[1], ssl=ssl.create_default_context(cafile=certificate))
    raw.send_text('{"op":"auth","token":"%s"}' % dunlin.token(1001))
    raw.send_text('{"op":"subscribe","channel":"@user"}')
    assert "true" in raw.recv_text() and "true" in raw.recv_text()
    client = dunlin.login(1001).subscribe("@user")
    assert dunlin.api.publish("user:1001", "to both") == {"s": 2, "f": 0}
    assert raw.recv_text() == client.recv() == "to both"
    closes_well(raw)
    assert client.is_alive()
