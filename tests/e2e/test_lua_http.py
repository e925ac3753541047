# SPDX-License-Identifier: Apache-2.0
"""mix.http.request against a real server: options, limits, and the guard against private addresses."""
import base64

import pytest

# Sends what the message, a piece of Lua, makes of it as JSON.
ASKS = """
function on_message(msg)
  local conn = mix.websocket()
  local response, err, kind = load("return mix.http.request(" .. msg.data .. ")")()
  if response then
    conn:send(mix.json_encode({code = response.status_code, body = response.body, size = response.body_size,
                               type = response.headers["Content-Type"], url = response.url}))
  else
    conn:send(mix.json_encode({err = err, kind = kind}))
  end
end
"""


@pytest.fixture
def server(backend):
    return backend(lambda request: (200, {"path": request.path}))


@pytest.fixture
def client(serve):
    def connect(**lua):
        dunlin = serve(script=ASKS, auth=[], router={"module": "lua", "entry": "router.lua"} | lua)
        return dunlin.connect()

    return connect


def ask(client, text):
    client.send(text)
    return client.recv_json()


def test_options_reach_the_server(client, server):
    got = ask(client(), f"""'post', '{server.url}x?a=1', {{query = {{b = '2 3'}}, body = 'data', headers = {{['X-A'] = 'v'}},
        cookies = {{c = 'd'}}, auth = {{username = 'me', password = 'secret'}}, timeout = '5s'}}""")
    assert got == {"code": 200, "body": '{"path": "/x?a=1&b=2%203"}', "size": 26, "type": "application/json",
                   "url": f"{server.url}x?a=1&b=2%203"}
    request = server.requests[0]
    assert (request.method, request.body) == ("POST", b"data")
    assert request.headers["X-A"] == "v" and request.headers["Cookie"] == "c=d"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()


def test_an_answer_that_is_too_long_or_too_late_is_an_error(client, server):
    connected = client()
    assert ask(connected, f"'GET', '{server.url}', {{max_body = 5}}")["kind"] == "full"
    server.hold()
    assert ask(connected, f"'GET', '{server.url}', {{timeout = '50ms'}}")["kind"] == "timeout"


def test_one_handler_waits_and_no_other(serve, server):
    dunlin = serve(script=ASKS, auth=[], workers=1)
    waits, goes_on = dunlin.connect(), dunlin.connect()
    server.hold()
    waits.send(f"'GET', '{server.url}'")
    server.wait_requests(1)
    assert "kind" in ask(goes_on, "'GET', 'http://127.0.0.1:1/'")
    server.release()
    assert waits.recv_json()["code"] == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_private_addresses_can_be_denied(client, server, host):
    connected = client(http={"private_addresses": "deny"})
    got = ask(connected, f"'GET', 'http://{host}:{server.port}/'")
    assert got["kind"] == "unavailable"
    assert not server.requests


def test_private_addresses_are_allowed_unless_denied(client, server):
    assert ask(client(), f"'GET', 'http://localhost:{server.port}/'")["code"] == 200


# Sends the body that it got, and then, asked for "/stall", waits for ever; "stall" does so at once.
PATIENT = """
function on_message(msg)
  if msg.data == "stall" then mix.sleep(3600000) end
  local response, err = mix.http.request("GET", msg.data, {timeout = "60s"})
  mix.websocket():send(response and response.body or err)
  if msg.data:find("/stall", 1, true) then mix.sleep(3600000) end
end
"""


@pytest.fixture
def patient(serve):
    return serve(script=PATIENT, auth=[], workers=1, router={"module": "lua", "entry": "router.lua", "deadline": "300ms"})


def test_an_answer_may_come_after_the_routers_deadline(patient, server):
    waits, stalls = patient.connect(), patient.connect()
    server.hold()
    waits.send(server.url + "late")
    server.wait_requests(1)
    stalls.send("stall")  # begins later, and is ended by the deadline: by then it has passed for the first one, too
    stalls.expect_close(1011)
    server.release()
    assert waits.recv_json() == {"path": "/late"}


def test_behind_the_answer_the_deadline_holds_again(patient, server):
    client = patient.connect()
    client.send(server.url + "stall")
    assert client.recv_json() == {"path": "/stall"}
    client.expect_close(1011)
    assert patient.metric("dunlin_lua_waiting") == 0
