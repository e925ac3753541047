# SPDX-License-Identifier: Apache-2.0
"""What is published reaches raw TCP clients in the bytes of their protocol, and WebSocket clients as frames."""
import pytest

from harness.scripts import LINES, PREFIXED, packet, read_packet


def joined(dunlin, room="room"):
    client = dunlin.tcp().send(f"join {room}\n".encode())
    assert client.line() == f"echo join {room}"
    return client


def test_the_api_reaches_every_subscriber_in_its_own_protocol(serve):
    dunlin = serve(socket=LINES)
    tcp = [joined(dunlin, "user:1001") for _ in range(3)]
    browser = dunlin.login(uid=1001).subscribe("@user")
    for text in ("hi", "two\nlines", "x" * 100_000):
        assert dunlin.api.publish("user:1001", text) == {"s": 4, "f": 0}
        assert browser.recv() == text
        for client in tcp:
            assert client.read(len(text) + 1).decode() == text + "\n"
    assert dunlin.metric("dunlin_deliveries_total") == 12


def test_a_burst_keeps_its_order(serve):
    dunlin = serve(socket={"script": LINES, "limits": {"outbox": "16MiB"}})
    clients = [joined(dunlin) for _ in range(4)]
    sent = [f"{i} ".ljust(i * 37 % 20_000) for i in range(300)]
    for text in sent:
        assert dunlin.api.publish("room", text) == {"s": 4, "f": 0}
    for client in clients:
        assert [client.line() for _ in sent] == sent


def test_a_script_publishes_to_both_kinds(serve):
    dunlin = serve(socket=LINES)
    reader, browser, teller = joined(dunlin, "user:7"), dunlin.login(uid=7).subscribe("@user"), dunlin.tcp()
    assert teller.send(b"tell user:7 good morning\n").line() == "2 0"
    assert reader.line() == "good morning"
    assert browser.recv() == "good morning"


def test_who_publishes_to_its_own_channel_is_reached_before_the_call_returns(serve):
    dunlin = serve(workers=1, socket=LINES)
    client = joined(dunlin).send(b"tell room me too\n")
    assert [client.line(), client.line()] == ["me too", "1 0"]


def test_send_to_one_connection_by_its_id(serve):
    dunlin = serve(socket=LINES)
    client = dunlin.tcp()
    client_id = client.send(b"id\n").line()
    assert dunlin.api.send(client_id, "only you") == {"E": None, "r": {"s": True}}
    assert client.line() == "only you"


def test_an_encoder_that_wants_the_connection_is_asked_for_each(serve):
    script = LINES.replace('function protocol_encode(str) return str .. "\\n" end',
                           'function protocol_encode(str, conn) return str .. " for " .. conn:context_value("n") .. "\\n" end\n'
                           'function on_connect(conn) N = (N or 0) + 1 conn:set_context_value("n", N) end')
    dunlin = serve(workers=1, socket=script)
    clients = [joined(dunlin) for _ in range(3)]
    assert dunlin.api.publish("room", "hi") == {"s": 3, "f": 0}
    assert [client.line() for client in clients] == ["hi for 1", "hi for 2", "hi for 3"]


def test_without_an_encoder_data_goes_out_as_it_is(serve):
    dunlin = serve(socket=LINES.replace("function protocol_encode", "function unused"))
    client = joined(dunlin)
    dunlin.api.publish("room", "plain\n")
    assert client.line() == "plain"


@pytest.mark.parametrize("result", ["nil", "''", "7", "error('no')"])
def test_what_cannot_be_encoded_fails_and_is_counted(serve, result):
    script = LINES.replace('return str .. "\\n"', f'if str == "bad" then return {result} end return str .. "\\n"')
    dunlin = serve(socket=script)
    client = joined(dunlin)
    assert dunlin.api.publish("room", "bad") == {"s": 0, "f": 1}
    assert dunlin.metric("dunlin_drops_total", reason="not_encoded") == 1
    assert [line for line in dunlin.log if line["msg"].startswith("protocol_encode: ")]
    assert dunlin.api.publish("room", "good") == {"s": 1, "f": 0}
    assert client.line() == "good"


def test_encoding_for_each_may_end_the_connections_it_is_for(serve):
    script = LINES.replace("function protocol_encode(str)", "function protocol_encode(str, conn) if str == 'end' then conn:close() end")
    dunlin = serve(workers=1, socket=script)
    clients = [joined(dunlin) for _ in range(3)]
    assert dunlin.api.publish("room", "end") == {"s": 0, "f": 0}
    for client in clients:
        assert client.ended()


def test_binary_data_goes_through_the_prefix(serve):
    script = PREFIXED.replace('if value.body == "count"', 'if value.body == "join" then conn:subscribe("room") end if value.body == "count"')
    dunlin = serve(socket=script)
    client = dunlin.tcp().send(packet(b"join"))
    assert read_packet(client) == b"join"
    dunlin.api.post("/v1/mesh/publish", {"c": "room", "d": "AP8B", "t": "binary"})
    assert read_packet(client) == b"\x00\xff\x01"
