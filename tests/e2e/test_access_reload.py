# SPDX-License-Identifier: Apache-2.0
"""The users of the API change while the server runs."""
import json

from harness.server import run_cli

OLD = {"username": "old", "password": "o", "roles": ["read", "write"]}
PUBLISH = {"c": "a", "d": "b"}


def put_in_force(dunlin, users):
    settings = json.loads(dunlin.config_file.read_text())
    settings["api"]["access"] = users
    dunlin.config_file.write_text(json.dumps(settings))
    done = run_cli("reload", "--config", dunlin.config_file)
    assert done.returncode == 0, done.stderr


def status(dunlin, user, password):
    return dunlin.api.as_user(user, password).post("/v1/mesh/publish", PUBLISH).status


def test_a_user_comes_and_another_goes(serve):
    dunlin = serve(workers=2, api={"access": [OLD]})
    assert (status(dunlin, "old", "o"), status(dunlin, "new", "n")) == (200, 401)
    put_in_force(dunlin, [{"username": "new", "password": "n", "roles": ["write"]}])
    for _ in range(4):
        assert (status(dunlin, "old", "o"), status(dunlin, "new", "n")) == (401, 200)


def test_open_websockets_follow(serve):
    other = {"username": "other", "password": "x", "roles": ["write"]}
    third = {"username": "third", "password": "y", "roles": ["write"]}
    dunlin = serve(workers=2, api={"access": [OLD, other, third]})
    gone, stays, changed = dunlin.backend("old", "o"), dunlin.backend("other", "x"), dunlin.backend("third", "y")
    assert stays.error("queue.pop", ["t"]) == 403
    put_in_force(dunlin, [other | {"roles": ["read"]}, third | {"password": "z"}])
    gone.expect_close(1008)
    changed.expect_close(1008)
    assert stays.result("queue.pop", ["t"]) == {"s": True}
    assert stays.error("mesh.publish", PUBLISH) == 403


def test_a_file_with_a_fault_changes_nothing(serve):
    dunlin = serve(workers=2, api={"access": [OLD]})
    settings = json.loads(dunlin.config_file.read_text())
    settings["api"]["access"] = [{"username": "x"}]
    dunlin.config_file.write_text(json.dumps(settings))
    assert run_cli("reload", "--config", dunlin.config_file).returncode != 0
    assert status(dunlin, "old", "o") == 200
