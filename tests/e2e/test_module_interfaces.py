# SPDX-License-Identifier: Apache-2.0
"""Guards, filters and HTTP routes of a module: examples/house-rules-c."""
import pytest

ACCESS = [{"username": "reader", "password": "r", "roles": ["read"]}, {"username": "writer", "password": "w", "roles": ["write"]}]
SUBSCRIBE = """
local conns = {}
function on_message(msg)
  local conn = mix.websocket()
  local word, rest = msg.data:match("^(%S+) (.*)$")
  if word == "auth" then conn:authenticate(rest) return conn:send("in") end
  if word == "subscribe" then
    local err, kind = conn:subscribe(rest)
    return conn:send(err and kind or "ok")
  end
  mix.mesh.publish(word, rest)
end
"""


@pytest.fixture
def guarded(serve):
    return serve(script=SUBSCRIBE, endpoint={"guards": ["house-rules"]}, workers=1)


def say(client, text):
    client.send(text)
    return client.recv()


def test_a_guard_decides_who_may_subscribe(guarded):
    client = guarded.connect()
    assert say(client, "subscribe user:1001") == "denied"
    assert say(client, f"auth {guarded.token(1001)}") == "in"
    assert say(client, "subscribe user:1001") == "ok"
    assert say(client, "subscribe user:1002") == "denied"
    assert say(client, "subscribe staff") == "denied"
    assert say(client, "subscribe news") == "ok"
    assert guarded.api.publish("user:1002", "no") == guarded.api.publish("staff", "no") == {"s": 0, "f": 0}
    assert guarded.api.publish("user:1001", "yes") == {"s": 1, "f": 0} and client.recv() == "yes"
    assert guarded.metric("dunlin_guard_outcomes_total", module="house-rules", outcome="deny") == 3


def test_a_guard_may_answer_later(guarded):
    client = guarded.connect()
    assert say(client, "subscribe slow") == "ok"
    assert guarded.api.publish("slow", "there") == {"s": 1, "f": 0} and client.recv() == "there"


def test_a_connection_may_leave_while_its_guard_thinks(guarded):
    for _ in range(5):
        client = guarded.connect()
        client.send("subscribe slow")
        client.close()
    assert guarded.wait_metric("dunlin_tickets_pending", 0) is not False
    assert say(guarded.connect(), "subscribe news") == "ok"


def test_guards_that_do_not_answer_in_time_refuse(serve):
    dunlin = serve(script=SUBSCRIBE, endpoint={"guards": [{"module": "house-rules", "deadline": "1ms"}]}, workers=1)
    assert say(dunlin.connect(), "subscribe slower") == "unavailable"


def test_a_filter_sees_every_publish_once(serve):
    dunlin = serve(script=SUBSCRIBE, top={"filters": ["house-rules"]}, workers=2)
    clients = [dunlin.connect() for _ in range(4)]
    for client in clients:
        assert say(client, "subscribe room") == "ok"
    assert dunlin.api.publish("room", "well, darn it") == {"s": 4, "f": 0}
    assert dunlin.api.publish("room", "buy spam") == {"s": 0, "f": 0}
    clients[0].send("room oh darn")  # from a script
    clients[0].send("room spam from a script")
    assert dunlin.api.publish("room", "fine") == {"s": 4, "f": 0}
    for client in clients:
        assert client.recv_many(2)[0] == "well, **** it"
    dunlin.wait_metric("dunlin_drops_total", 2, reason="filtered")
    assert dunlin.metric("dunlin_filter_outcomes_total", module="house-rules") == 5


def test_a_module_serves_its_own_paths(serve):
    dunlin = serve(api={"routes": [{"module": "house-rules", "deadline": "50ms"}], "access": ACCESS}, workers=1)
    reader, writer = dunlin.api.as_user("reader", "r"), dunlin.api.as_user("writer", "w")
    answer = reader.get("/house-rules")
    assert (answer.status, answer.body, answer.headers["X-House"]) == (200, {"refused": 0, "changed": 0}, "rules")
    assert reader.call("HEAD", "/house-rules").status == 200
    assert dunlin.api.get("/house-rules").status == 401
    assert writer.get("/house-rules").status == 403
    echo = writer.post("/house-rules/echo/a/b?c", "hello")
    assert (echo.status, echo.body, echo.headers.get_content_type()) == (200, "hello", "text/plain")
    assert reader.post("/house-rules/echo/", "hello").status == 403
    assert dunlin.api.get("/house-rules/door").status == 403  # open to all; the module says no
    assert reader.get("/house-rules/never").status == 504
    refused = reader.call("DELETE", "/house-rules")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert reader.get("/house-rules/nothing").status == 404
    assert reader.get("/metrics").status == 200
