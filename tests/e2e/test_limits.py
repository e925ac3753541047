# SPDX-License-Identifier: Apache-2.0
"""Whatever a client can use up has a limit: what goes over it is cut with its own code, and the others go on."""
import json

import pytest

from harness.raw import CLOSE, PING, PONG, TEXT, upgrade
from harness.waiting import until


def test_too_many_connections_are_refused_before_the_upgrade(serve):
    dunlin = serve(limits={"connections": 2})
    first, second = dunlin.connect(), dunlin.connect()
    stream = dunlin.stream()
    stream.send(upgrade())
    answer = stream.response()
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    assert dunlin.refused() == 503
    assert dunlin.metric("dunlin_refused_total", reason="too_many_connections") == 2
    assert first.is_alive() and second.is_alive()
    first.close()
    dunlin.wait_metric("dunlin_connections", 1)
    assert dunlin.login().is_alive()


def test_no_more_files_than_the_setting_allows(serve):
    dunlin = serve(top={"node": {"workers": 1, "files": 256}})
    streams = [dunlin.stream() for _ in range(256)]
    line = dunlin.wait_logged("cannot accept", reason="no_descriptor")[0]
    assert "node.files" in line["mend"]
    for stream in streams:
        stream.close()
    assert dunlin.login().is_alive()
    assert dunlin.metric("dunlin_refused_total", reason="no_descriptor") > 0


def test_a_handshake_that_dawdles_is_cut(serve):
    dunlin = serve(limits={"handshake": "300ms"})
    silent, halfway = dunlin.stream(), dunlin.stream()
    halfway.send(upgrade()[:40])
    assert silent.ended() and halfway.ended()
    dunlin.wait_metric("dunlin_refused_total", 2, reason="handshake_timeout")
    assert len(dunlin.logged("connection refused", reason="handshake_timeout")) == 2
    assert dunlin.login().is_alive()


def test_a_handshake_that_trickles_is_cut(serve):
    dunlin = serve(limits={"handshake": "300ms"})
    stream = dunlin.stream()
    stream.send(upgrade()[:-4] + b"\r\nX-Slow: ")

    def refused():
        try:
            stream.send(b"x")
        except OSError:
            return True

    until(refused, "the handshake is cut")
    dunlin.wait_metric("dunlin_refused_total", 1, reason="handshake_timeout")


def test_a_session_has_no_deadline_of_its_handshake(serve):
    dunlin = serve(limits={"handshake": "300ms"})
    client = dunlin.login()
    assert dunlin.stream().ended()  # the deadline has passed for one that came later
    assert client.is_alive()


def slow_reader(dunlin):
    raw = dunlin.raw(receive_buffer=4096)
    raw.send_text(json.dumps({"op": "auth", "token": dunlin.token(1001)}))
    raw.send_text(json.dumps({"op": "subscribe", "channel": "@user"}))
    assert [raw.recv_text(), raw.recv_text()] == ['{"result":true}'] * 2
    return raw


def test_a_slow_consumer_is_closed_and_the_others_are_unharmed(serve):
    dunlin = serve(limits={"outbox": "256KiB"})
    slow, readers = slow_reader(dunlin), [dunlin.login(uid=1001).subscribe("@user") for _ in range(4)]
    sent = []

    def closed():
        sent.append(f"{len(sent)} ".ljust(64_000, "x"))
        tally = dunlin.api.publish("user:1001", sent[-1])
        return tally["s"] + tally["f"] == len(readers)

    until(closed, "the slow consumer is closed")
    # What it reads at last are whole messages, from the first on; then it learns why.
    got = []
    while (frame := slow.recv_frame()).opcode == TEXT:
        got.append(frame.payload.decode())
    assert got == sent[: len(got)]
    assert frame.opcode == CLOSE and int.from_bytes(frame.payload[:2], "big") == 4001
    for reader in readers:
        assert reader.recv_many(len(sent)) == sent
    assert dunlin.metric("dunlin_closes_total", reason="slow_consumer") == 1
    assert dunlin.metric("dunlin_drops_total", reason="slow_consumer") > 0
    dunlin.wait_metric("dunlin_outbox_bytes", 0)


def test_a_reader_that_is_slow_within_the_limit_loses_nothing(serve):
    dunlin = serve(limits={"outbox": "8MiB"})
    slow = slow_reader(dunlin)
    sent = [f"{i} ".ljust(60_000, "x") for i in range(100)]
    for text in sent:
        assert dunlin.api.publish("user:1001", text) == {"s": 1, "f": 0}
    assert dunlin.metric("dunlin_outbox_bytes") > 0
    assert [slow.recv_text() for _ in sent] == sent
    slow.send_text('{"op":"ping"}')
    assert slow.recv_text() == '{"result":true}'


def test_channels_of_a_connection(serve):
    dunlin = serve(limits={"channels": 3}, endpoint={"options": {"channels": ["room:"]}})
    client = dunlin.login()
    for channel in ("@user", "room:1", "room:2", "room:2"):
        client.subscribe(channel)
    assert client.request("subscribe", channel="room:3") == {"code": 7, "msg": "Too Many Channels"}
    client.unsubscribe("room:1").subscribe("room:3")
    assert dunlin.metric("dunlin_subscriptions") == 3


def test_a_dead_peer_is_reaped_and_a_silent_one_lives(serve):
    dunlin = serve(limits={"idle": "1s"})
    silent = dunlin.login(uid=1001).subscribe("@user")  # its library answers pings
    dead = dunlin.raw()
    assert dead.recv_frame().opcode == PING
    assert dead.recv_close() == 4002
    dunlin.wait_metric("dunlin_closes_total", 1, reason="idle")
    assert dead.ended()  # though it never answered the Close
    assert dunlin.api.publish("user:1001", "hi") == {"s": 1, "f": 0}
    assert silent.recv() == "hi"


@pytest.mark.parametrize("sign", ["pong", "message"])
def test_any_sign_of_life_counts(serve, sign):
    dunlin = serve(limits={"idle": "1s"})
    alive, dead = dunlin.raw(), None
    for _ in range(4):
        ping = alive.recv_frame()
        assert ping.opcode == PING
        if sign == "pong":
            alive.send_frame(PONG, ping.payload)
        else:
            alive.send_text('{"op":"ping"}')
            assert alive.recv_text() == '{"result":true}'
        dead = dead or dunlin.raw()
    assert dead.recv_close() == 4002
    assert dunlin.metric("dunlin_closes_total", reason="idle") == 1


def test_a_lost_peer_is_reaped_with_what_waits_for_it(serve):
    dunlin = serve(limits={"idle": "8s", "outbox": "64MiB"})  # time enough to fill the kernel's buffers
    lost = slow_reader(dunlin)

    def waits():
        assert dunlin.api.publish("user:1001", "x" * 200_000) == {"s": 1, "f": 0}
        return dunlin.metric("dunlin_outbox_bytes") > 400_000

    until(waits, "more than the kernel takes")
    dunlin.wait_metric("dunlin_closes_total", 1, reason="idle")
    dunlin.wait_metric("dunlin_connections", 0)
    assert dunlin.metric("dunlin_outbox_bytes") == 0
    assert dunlin.metric("dunlin_drops_total", reason="connection_closed") > 0
    lost.close()


def test_headers_over_the_limit_of_a_handshake(dunlin):
    stream = dunlin.stream()
    stream.send(upgrade(headers=["X-Long: " + "x" * 100_000]))
    assert stream.ended()
    assert dunlin.login().is_alive()
