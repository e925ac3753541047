# SPDX-License-Identifier: Apache-2.0
"""Who may call the HTTP API."""
import json

import pytest

from harness.api import basic
from harness.keys import openssl
from harness.server import configuration, run_cli

GOOD = {"c": "user:1001", "d": "hi"}
USERS = [
    {"username": "writer", "password": "w-secret", "roles": ["write"]},
    {"username": "reader", "password": "r-secret", "roles": ["read"]},
    {"username": "both", "password": "b:secret", "roles": ["read", "write"], "host": "127.0.0.*"},
    {"username": "elsewhere", "password": "e-secret", "roles": ["read", "write"], "host": "10.*.*.*"},
]


@pytest.fixture
def guarded(serve):
    return serve(api={"access": USERS})


def test_roles(guarded):
    writer, reader = guarded.api.as_user("writer", "w-secret"), guarded.api.as_user("reader", "r-secret")
    assert writer.publish("user:1001", "hi") == {"s": 0, "f": 0}
    assert writer.get("/metrics").status == 403
    assert reader.get("/metrics").status == reader.get("/v1/nodes").status == reader.get("/version").status == 200
    refused = reader.post("/v1/mesh/publish", GOOD)
    assert (refused.status, refused.body["E"]["c"]) == (403, 403)
    assert reader.post("/v1/mesh/send", {"c": "1", "d": "hi"}).status == 403
    both = guarded.api.as_user("both", "b:secret")
    assert both.get("/metrics").status == both.post("/v1/mesh/publish", GOOD).status == 200


def test_a_user_of_another_host(guarded):
    assert guarded.api.as_user("elsewhere", "e-secret").post("/v1/mesh/publish", GOOD).status == 403


@pytest.mark.parametrize("headers", [
    {}, basic("writer", "wrong"), basic("nobody", "w-secret"), basic("writer", ""), basic("", ""), {"Authorization": "Basic"},
    {"Authorization": "Basic !!!!"}, {"Authorization": "Bearer w-secret"}, {"Authorization": "Basic " + "A" * 4000},
], ids=lambda headers: headers.get("Authorization", "none")[:30])
def test_who_is_not_known_is_asked_who_he_is(guarded, headers):
    answer = guarded.api.post("/v1/mesh/publish", GOOD, headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_every_refusal_is_logged_without_the_password(guarded):
    guarded.api.post("/v1/mesh/publish", GOOD, basic("writer", "a-wrong-guess"))
    line, = guarded.wait_logged("API call refused")
    assert line["status"] == 401 and line["path"] == "/v1/mesh/publish" and line["why"]
    assert "a-wrong-guess" not in guarded.log_text() and "w-secret" not in guarded.log_text()


def test_who_guesses_is_slowed_down(serve):
    dunlin = serve(workers=1, api={"access": USERS})
    answers = [dunlin.api.as_user("writer", f"guess-{i}").post("/v1/mesh/publish", GOOD).status for i in range(15)]
    assert answers[0] == 401 and answers[-1] == 429
    assert set(answers) == {401, 429}


def test_the_password_may_be_a_crypt_hash(serve):
    hashed = openssl("passwd", "-6", "-salt", "saltsalt", "h-secret").decode().strip()
    dunlin = serve(api={"access": [{"username": "hashed", "password": hashed, "roles": ["write"]}]})
    for _ in range(2):
        assert dunlin.api.as_user("hashed", "h-secret").publish("a", "b") == {"s": 0, "f": 0}
    assert dunlin.api.as_user("hashed", "h-secre").post("/v1/mesh/publish", GOOD).status == 401
    assert dunlin.api.as_user("hashed", hashed).post("/v1/mesh/publish", GOOD).status == 401


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize("bind", ["0.0.0.0:6789", "[::]:6789", "192.0.2.1:6789"])
def test_an_open_api_on_another_address_is_refused(tmp_path, command, bind):
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration(api={"bind": bind})))
    done = run_cli(command, "--config", file)
    assert done.returncode == 1
    line, = done.stderr.strip().splitlines()
    assert line.startswith(f"{file}:1:")
    assert "api.access" in line and "api.bind" in line  # the two settings that mend it


def test_with_users_any_address_will_do(tmp_path):
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration(api={"bind": "0.0.0.0:0", "access": USERS})))
    assert run_cli("check", "--config", file).returncode == 0


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "evil.example:6789"}, {"Origin": "http://evil.example"},
                                     {"Origin": "null"}, {"Host": "127.0.0.1.evil.example"}])
def test_an_open_api_answers_no_page_of_a_browser(dunlin, headers):
    answer = dunlin.api.post("/v1/mesh/publish", GOOD, headers)
    assert (answer.status, answer.body["E"]["c"]) == (403, 403)
    assert dunlin.metric("dunlin_publishes_total") == 0


@pytest.mark.parametrize("host", ["localhost", "localhost:6789", "127.0.0.1", "127.0.0.1:1", "[::1]:6789"])
def test_an_open_api_answers_this_machine(dunlin, host):
    assert dunlin.api.post("/v1/mesh/publish", GOOD, {"Host": host}).status == 200
