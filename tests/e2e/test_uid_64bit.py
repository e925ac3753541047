# SPDX-License-Identifier: Apache-2.0
"""A uid keeps every digit and its type: token, context, channel, push; in JSON and in Lua."""
import json

import pytest

from harness.tokens import hs256

BIG = 1463786910324359168

# What a script sees of the user, and what it makes of him.
TELLS = """
function on_message(msg)
  local conn = mix.websocket()
  local ok, err = conn:authenticate(msg.data)
  if not ok then return conn:send("refused") end
  local uid = conn:uid()
  conn:subscribe("user:" .. uid)
  conn:send(mix.json_encode({uid = uid, context = conn:context(), kind = math.type(uid) or type(uid), channel = "user:" .. uid}))
end
"""

# As it stands in a token or a reply; the Lua type; the channel.
UIDS = [
    (f"{BIG}", "integer", f"user:{BIG}"),
    (f'"{BIG}"', "string", f"user:{BIG}"),
    ("9223372036854775807", "integer", "user:9223372036854775807"),
    ("9007199254740993", "integer", "user:9007199254740993"),
    ("1001", "integer", "user:1001"),
    ('"1001"', "string", "user:1001"),
    ('"ann@example.com"', "string", "user:ann@example.com"),
    ('"0001"', "string", "user:0001"),
    ('"zoë 世界"', "string", "user:zoë 世界"),
]
IDS = [uid for uid, _, _ in UIDS]


def by_jwt(serve, backend, uid):
    return serve(script=TELLS), hs256('{"sub":%s,"exp":32503680000}' % uid)


def by_http(serve, backend, uid):
    asked = backend(lambda request: (200, b'{"uid": %s}' % uid.encode()))
    return serve(script=TELLS, auth=["http-auth"], modules={"http-auth": {"url": asked.url}}), "any token"


def by_lua(serve, backend, uid):
    entry = "function authenticate(credentials) return mix.json_decode(credentials.token).uid end"
    dunlin = serve(script=TELLS + entry, auth=[{"module": "lua", "entry": "router.lua"}])
    return dunlin, '{"uid":%s}' % uid


@pytest.mark.parametrize("way", [by_jwt, by_http, by_lua])
@pytest.mark.parametrize("uid, kind, channel", UIDS, ids=IDS)
def test_every_digit_and_the_type_stay(serve, backend, way, uid, kind, channel):
    dunlin, token = way(serve, backend, uid)
    client = dunlin.connect()
    client.send(token)
    text = client.recv()
    assert json.loads(text) == {"uid": json.loads(uid), "context": {"uid": json.loads(uid)}, "kind": kind, "channel": channel}
    assert text.count(f'"uid":{uid}') == 2  # written as it came
    assert dunlin.api.publish(channel, f"for {uid}") == {"s": 1, "f": 0}
    assert client.recv() == f"for {uid}"


def test_the_shipped_script_keeps_them(dunlin):
    client = dunlin.login(uid=BIG).subscribe("@user")
    push = '{"event":"@user","data":{"uid":%d,"msg":"Hello,World!"}}' % BIG
    assert dunlin.api.publish(f"user:{BIG}", push) == {"s": 1, "f": 0}
    assert client.recv() == push
    # The neighbours that a double would mix it up with.
    for near in (BIG - 1, BIG + 1):
        assert dunlin.api.publish(f"user:{near}", push) == {"s": 0, "f": 0}


def test_a_number_and_a_string_of_the_same_digits_share_a_channel(dunlin):
    number, string = dunlin.login(uid=1001).subscribe("@user"), dunlin.login(uid="1001").subscribe("@user")
    assert dunlin.api.publish("user:1001", "hi") == {"s": 2, "f": 0}
    assert number.recv() == string.recv() == "hi"


@pytest.mark.parametrize("bad", ["1.5", "1e3", "true", "null", "[1]", "{}", '""', "18446744073709551616"])
def test_what_is_no_uid_logs_nobody_in(dunlin, bad):
    client = dunlin.connect()
    assert client.request("auth", token=hs256('{"sub":%s,"exp":32503680000}' % bad))["code"] == 2
