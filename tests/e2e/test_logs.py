# SPDX-License-Identifier: Apache-2.0
"""The log: one line an event, JSON where asked for, with the reason of each refusal and never a secret."""
import json
import re
import socket

import pytest

from harness.raw import upgrade
from harness.server import configuration, run_cli
from harness.tokens import SECRET, token

LINE = {"time", "level", "msg"}


def test_each_line_is_one_json_object(dunlin):
    dunlin.login().subscribe("@user")
    dunlin.refused("/nowhere\u2028\"\\%0A%1B[31m")
    dunlin.connect().request("auth", token="x\n{\"fake\":\"line\"}")
    dunlin.stop()
    lines = dunlin.log_text().split("\n")
    assert lines.pop() == ""
    for line in lines:
        parsed = json.loads(line)
        assert LINE <= parsed.keys() and parsed["level"] in ("debug", "info", "warn", "error")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", parsed["time"])
    assert [line["msg"] for line in dunlin.log][-2:] == ["draining", "stopped"]


def test_it_says_when_it_is_up(dunlin):
    assert [line["what"] for line in dunlin.logged("listening")] == ["client", "api", "directory"]
    ready, = dunlin.logged("ready")
    assert ready["workers"] == 2 and ready["version"] and ready["config"] == str(dunlin.config_file)


def test_text_for_people(tmp_path):
    """The server stops at a port that is taken, and has said so in one line of text."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        file = tmp_path / "dunlin.yaml"
        file.write_text(json.dumps(configuration(api={"bind": address}, top={"log": {"format": "text"}})))
        done = run_cli("serve", "--config", file)
    assert done.returncode == 1
    assert address in done.stderr and not done.stderr.startswith("{")


REFUSALS = {
    "no_such_endpoint": ({}, lambda dunlin: dunlin.refused("/nowhere")),
    "origin": ({"endpoint": {"origins": ["https://example.com"]}}, lambda dunlin: dunlin.refused(origin="https://evil.example")),
    "too_many_connections": ({"limits": {"connections": 1}}, lambda dunlin: (dunlin.connect(), dunlin.refused())),
    "bad_request": ({}, lambda dunlin: dunlin.stream().send(upgrade(version=8)).ended()),
    "handshake_timeout": ({"limits": {"handshake": "200ms"}}, lambda dunlin: dunlin.stream().ended()),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_one_line_for_each_refused_connection(serve, reason):
    options, provoke = REFUSALS[reason]
    dunlin = serve(**options)
    provoke(dunlin)
    line, = dunlin.wait_logged("connection refused")
    assert line["reason"] == reason
    assert re.fullmatch(r"127\.0\.0\.1:\d+", line["peer"])
    assert dunlin.metric("dunlin_refused_total", reason=reason) == 1


def test_a_connection_that_ends_before_its_request(dunlin):
    dunlin.stream().send(b"GET /mess").close()
    line, = dunlin.wait_logged("connection refused")
    assert line["reason"] == "bad_request" and line["why"]


def test_one_line_for_each_refused_log_in(dunlin):
    dunlin.connect().request("auth", token=token(1001, ttl=-600))
    line, = dunlin.wait_logged("log-in refused")
    assert (line["module"], line["outcome"], line["endpoint"]) == ("jwt-auth", "denied", "/message-center")
    assert "expired" in line["reason"] and line["client"] and line["peer"].startswith("127.0.0.1:")


def test_no_secret_is_written_even_at_level_debug(serve, backend):
    asked = backend(lambda request: (500, {}))
    dunlin = serve(top={"log": {"format": "json", "level": "debug"}}, auth=["jwt-auth", "http-auth"],
                   modules={"http-auth": {"url": asked.url, "headers": {"X-Key": "key-of-the-backend"}}},
                   api={"access": [{"username": "u", "password": "password-of-u", "roles": ["read", "write"]}]})
    secrets = [SECRET, "key-of-the-backend", "password-of-u", "a-guessed-password"]
    for bad in (token(1001, ttl=-600), token(1001) + "x", "an-opaque-token", "x" * 5000):
        client = dunlin.connect()
        client.request("auth", token=bad)
        client.close()
        secrets.append(bad.split(".")[-1][:60])
    good = token(1001)
    dunlin.connect(f"/message-center?token={good}", extra_headers={"Authorization": "Bearer " + good, "Cookie": "sid=a-cookie-value"}
                   ).auth(good).close()
    dunlin.refused(f"/nowhere?token={good}")
    secrets += [good.split(".")[2], "a-cookie-value"]
    dunlin.api.as_user("u", "a-guessed-password").get("/metrics")
    dunlin.api.as_user("u", "password-of-u").publish("user:1", "the text of a message")
    secrets.append("the text of a message")
    dunlin.stop()
    text = dunlin.log_text()
    assert len(dunlin.logged("log-in refused")) == 4 and dunlin.logged("session closed")
    assert [secret for secret in secrets if secret in text] == []


def test_a_level(serve):
    dunlin = serve(top={"log": {"format": "json", "level": "info"}})
    dunlin.refused("/nowhere")
    assert "debug" not in {line["level"] for line in dunlin.log}
