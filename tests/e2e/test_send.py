# SPDX-License-Identifier: Apache-2.0
"""A message to one connection, by its client id."""
import base64

import pytest

TELLS_ITS_ID = """
function on_message(msg)
  local conn = mix.websocket()
  local to, text = msg.data:match("^(%d+) (.*)$")
  if to then
    conn:send(mix.mesh.send(to, text) or "sent")
  else
    conn:send(tostring(conn:client_id()))
  end
end
"""


@pytest.fixture
def ids(serve):
    return serve(script=TELLS_ITS_ID, auth=[])


def client_with_id(dunlin):
    client = dunlin.connect()
    client.send("id")
    return client, client.recv()


def test_it_reaches_that_connection_alone(ids):
    others = [client_with_id(ids) for _ in range(8)]
    assert len({client_id for _, client_id in others}) == 8
    for client, client_id in others:
        assert ids.api.send(client_id, f"for {client_id}") == {"E": None, "r": {"s": True}}
    for client, client_id in others:
        assert client.recv() == f"for {client_id}"
    assert ids.metric("dunlin_deliveries_total") == 8


def test_the_id_may_be_a_json_integer(ids):
    client, client_id = client_with_id(ids)
    assert ids.api.send(int(client_id), "hi") == {"E": None, "r": {"s": True}}
    assert client.recv() == "hi"


def test_binary(ids):
    client, client_id = client_with_id(ids)
    ids.api.send(client_id, base64.b64encode(b"\x00\xff").decode(), "binary")
    assert client.recv() == b"\x00\xff"


@pytest.mark.parametrize("unknown", ["0", "1", "9223372036854775807", "1152921504606846976"])
def test_no_such_connection(ids, unknown):
    answer = ids.api.send(unknown, "hi")
    assert answer["E"]["c"] == 401 and answer["E"]["m"]


def test_one_that_has_left(ids):
    client, client_id = client_with_id(ids)
    client.close()
    ids.wait_metric("dunlin_sessions", 0)
    assert ids.api.send(client_id, "hi")["E"]["c"] == 401
    # Whoever takes its place has another id.
    for _ in range(4):
        assert client_with_id(ids)[1] != client_id


@pytest.mark.parametrize("bad", ["", "x", "-1", "1.5", "9223372036854775808", "18446744073709551616", "1 ", 1.5, None, True])
def test_what_is_no_id(ids, bad):
    answer = ids.api.post("/v1/mesh/send", {"c": bad, "d": "hi"})
    assert (answer.status, answer.body["E"]["c"]) == (400, 101)
    assert '"c"' in answer.body["E"]["m"]


def test_a_script_sends_to_another_connection(ids):
    (ann, _), (bob, bobs_id) = client_with_id(ids), client_with_id(ids)
    ann.send(f"{bobs_id} hello bob")
    assert ann.recv() == "sent"
    assert bob.recv() == "hello bob"
    ann.send("1 nobody")
    assert ann.recv() != "sent"
