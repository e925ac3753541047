# SPDX-License-Identifier: Apache-2.0
"""A canary: a share of the connections logs in by another module; in the shadow it is asked besides, and compared."""
import pytest

from harness.server import run_cli
from harness.swap import Swapper

LUA = "function authenticate(credentials) return %s end"


def server(serve, tmp_path, canary, script="tonumber(credentials.token:sub(3))"):
    (tmp_path / "canary.lua").write_text(LUA % script)
    canary = {"module": "lua", "entry": str(tmp_path / "canary.lua")} | canary
    swapper = Swapper(serve, tmp_path, auth=[{"module": "swap", "canary": canary}], lua=True)
    return swapper.dunlin


def log_in(dunlin, count):
    for uid in range(1, count + 1):
        client = dunlin.connect()
        client.send(f"login u-{uid}")
        assert client.recv() == "v1logged in"


def test_a_share_of_the_connections_is_the_canarys(serve, tmp_path):
    dunlin = server(serve, tmp_path, {"percent": 50})
    log_in(dunlin, 40)
    lua, swap = (dunlin.metric("dunlin_auth_outcomes_total", module=name, outcome="allow") for name in ("lua", "swap"))
    assert lua + swap == 40 and lua > 0 and swap > 0
    assert dunlin.metric("dunlin_logins_total") == 40


def test_a_connection_stays_with_its_module(serve, tmp_path):
    dunlin = server(serve, tmp_path, {"percent": 50})
    client = dunlin.connect()
    for _ in range(10):
        client.send("login u-7")
        assert client.recv() == "v1logged in"
    assert 10 in [dunlin.metric("dunlin_auth_outcomes_total", module=name, outcome="allow") for name in ("lua", "swap")]


def test_in_the_shadow_both_are_asked_and_one_decides(serve, tmp_path):
    dunlin = server(serve, tmp_path, {"percent": 100, "shadow": True})
    log_in(dunlin, 5)
    dunlin.wait_metric("dunlin_canary_comparisons_total", 5, module="lua", result="agreed")
    assert dunlin.metric("dunlin_logins_total") == 5
    assert dunlin.metric("dunlin_auth_outcomes_total", module="swap", outcome="allow") == 5


def test_what_differs_is_counted_and_logged(serve, tmp_path):
    dunlin = server(serve, tmp_path, {"percent": 100, "shadow": True}, script="99")
    log_in(dunlin, 3)
    dunlin.wait_metric("dunlin_canary_comparisons_total", 3, module="lua", result="differed")
    line = dunlin.logged("canary differs")[0]
    assert (line["canary"], line["module"], line["canary_says"]) == ("lua", "swap", "allow 99")


def test_what_a_canary_does_wrong_is_a_fault_in_the_shadow_too(serve, tmp_path):
    dunlin = server(serve, tmp_path, {"percent": 100, "shadow": True}, script="error('no such table')")
    log_in(dunlin, 1)
    dunlin.wait_metric("dunlin_canary_comparisons_total", 1, module="lua", result="differed")
    assert dunlin.metric("dunlin_auth_outcomes_total", module="lua", outcome="fault") == 1
    fault, = dunlin.logged("module fault")
    assert (fault["module"], fault["hook"]) == ("lua", "check")


@pytest.mark.parametrize("canary, why", [
    ({"module": "swap"}, "canary: has no `percent`"),
    ({"module": "swap", "percent": 101}, "must be a whole number from 1 to 100"),
    ({"module": "swap", "percent": 5, "shadow": "maybe"}, "shadow: is \"maybe\"; must be true or false"),
])
def test_a_wrong_canary_is_refused(serve, tmp_path, canary, why):
    swapper = Swapper(serve, tmp_path)
    swapper.change(auth=[{"module": "swap", "canary": canary}])
    checked = run_cli("check", "--config", swapper.dunlin.config_file)
    assert checked.returncode == 1 and why in checked.stderr
