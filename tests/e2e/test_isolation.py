# SPDX-License-Identifier: Apache-2.0
"""An auth module in processes of its own: what it does wrong there, no client notices."""
import json
import os
import shutil
import signal
import socket
from functools import partial
from pathlib import Path

import pytest

from harness.server import PLUGINS, configuration, run_cli
from harness.swap import TEST_PLUGINS
from harness.waiting import DEADLINE, until

TRY_LATER = {"code": 3, "msg": "Try Later"}
TOKEN_REFUSED = {"code": 2, "msg": "Token Refused"}


class Isolated:
    """A server whose log-ins are fragile's (plugins/fragile.c), in processes of its own."""

    def __init__(self, serve, folder, **entry):
        self._folder = folder / "plugins"
        self._folder.mkdir()
        shutil.copy(TEST_PLUGINS / "fragile/fragile.so", self._folder)
        (self._folder / "lua.so").symlink_to(Path(PLUGINS) / "lua.so")
        self.dunlin = serve(**self.options(**entry))

    def options(self, workers=2, **entry):
        return {"auth": [{"module": "fragile", "isolation": "process"} | entry], "workers": workers,
                "top": {"plugins": {"directory": str(self._folder)}}}

    def reload(self, **entry):
        self.dunlin.config_file.write_text(json.dumps(configuration(**self.options(**entry))))
        return run_cli("reload", "--config", self.dunlin.config_file)

    def processes(self):
        return children_of(self.dunlin.process.pid)

    def wait_up(self, count=2):
        self.dunlin.wait_metric("dunlin_module_processes", count, module="fragile")


def children_of(pid):
    """Its children that have not ended, by their number."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def isolated(serve, tmp_path):
    return Isolated(serve, tmp_path)


def test_it_answers_as_it_would_inside_and_counts_and_logs(isolated):
    dunlin = isolated.dunlin
    assert len(isolated.processes()) == 2
    client = dunlin.connect().auth("u-1463786910324359168").subscribe("@user")
    assert dunlin.api.publish("user:1463786910324359168", "hi") == {"s": 1, "f": 0} and client.recv() == "hi"
    dunlin.connect().auth("later-7")
    dunlin.connect("/message-center?room=9").auth("room-9")
    assert dunlin.connect("/message-center?room=8").request("auth", token="room-9") == TOKEN_REFUSED
    assert dunlin.metric("dunlin_fragile_checks_total") == 4
    assert dunlin.metric("dunlin_auth_outcomes_total", module="fragile", outcome="allow") == 3
    assert len(dunlin.logged("asked", module="fragile")) == 4
    assert dunlin.metric("dunlin_module_restarts_total", module="fragile") == 0


@pytest.mark.parametrize("token, reason, how", [("abort", "signal", "SIGABRT"), ("segv", "signal", "SIGSEGV"),
                                                ("exit", "exit", "exit code 7")])
def test_a_crash_refuses_what_is_pending_and_no_client_notices(serve, tmp_path, token, reason, how):
    isolated = Isolated(serve, tmp_path, workers=1)
    dunlin = isolated.dunlin
    there = dunlin.connect().auth("u-1").subscribe("@user")
    waiting, breaking = dunlin.connect(), dunlin.connect()
    waiting.send({"op": "auth", "token": "mute", "id": "w"})
    dunlin.wait_metric("dunlin_tickets_pending", 2)  # the router waits for its log-in, and that for the module
    assert breaking.request("auth", token=token) == TRY_LATER
    assert waiting.recv_json() == TRY_LATER | {"id": "w"}
    dunlin.wait_metric("dunlin_module_restarts_total", 1, module="fragile")
    waiting.auth("u-2"), breaking.auth("later-3")
    assert there.is_alive() and dunlin.api.publish("user:1", "on it goes") == {"s": 1, "f": 0}
    assert there.recv() == "on it goes"
    line, = dunlin.logged("module process ended", module="fragile")
    assert (line["reason"], line["how"], line["worker"]) == (reason, how, 0)
    assert dunlin.metric("dunlin_module_process_ends_total", module="fragile", reason=reason) == 1
    assert dunlin.metric("dunlin_module_refused_total", module="fragile") == 2
    assert dunlin.metric("dunlin_fragile_checks_total") >= 3  # what it counted before goes on
    if token == "abort":
        assert [line["text"] for line in dunlin.logged("module stderr", module="fragile")] == ["last words"]
    if reason == "signal":
        crashed, = dunlin.logged("crashed")
        assert (crashed["signal"], crashed["module"], crashed["hook"]) == (how, "fragile", "check")


def test_one_that_starts_slowly_is_not_taken_for_one_that_hangs(serve, tmp_path):
    hold = tmp_path / "hold"
    isolated = Isolated(partial(serve, limits={"handshake": "1s"}), tmp_path, workers=1, deadline="500ms", hold=str(hold))
    dunlin = isolated.dunlin
    waiting, breaking = dunlin.connect(), dunlin.connect()
    waiting.send({"op": "auth", "token": "mute"})
    dunlin.wait_metric("dunlin_tickets_pending", 2)  # from now on the process is looked at
    hold.touch()
    assert breaking.request("auth", token="segv") == TRY_LATER
    dunlin.wait_logged("module process ended")
    until(isolated.processes, "another process starts")
    with socket.create_connection(("127.0.0.1", dunlin.port)) as silent:  # longer than between two looks
        silent.settimeout(DEADLINE)
        assert silent.recv(1) == b""
    hold.unlink()
    dunlin.wait_metric("dunlin_module_restarts_total", 1, module="fragile")
    breaking.auth("u-1")
    assert len(dunlin.logged("module process ended")) == 1


def test_what_it_writes_to_its_standard_error_is_in_the_log_under_its_name(serve, tmp_path):
    isolated = Isolated(serve, tmp_path, workers=1)
    dunlin = isolated.dunlin
    dunlin.connect().auth("stderr")
    until(lambda: len(dunlin.logged("module stderr")) == 2, "whole lines have come")
    assert isolated.reload(workers=1, more=1).returncode == 0  # the process ends, and so does half a line
    until(lambda: len(dunlin.logged("module stderr")) == 3, "half a line has come")
    lines = dunlin.logged("module stderr", module="fragile", worker=0)
    assert [line["text"] for line in lines] == ["said to nobody", "error forged module=lua", "half a line"]


def test_one_that_hangs_or_closes_its_socket_is_killed(serve, tmp_path):
    isolated = Isolated(serve, tmp_path, workers=1, deadline="500ms")
    dunlin = isolated.dunlin
    client = dunlin.connect()
    assert client.request("auth", token="hang") == TRY_LATER
    dunlin.wait_metric("dunlin_module_process_ends_total", 1, module="fragile", reason="hang")
    dunlin.wait_metric("dunlin_module_restarts_total", 1, module="fragile")
    client.auth("u-1")
    assert client.request("auth", token="close") == TRY_LATER
    dunlin.wait_metric("dunlin_module_restarts_total", 2, module="fragile")
    assert client.request("auth", token="mute") == TRY_LATER  # that is no hang: its loop turns
    client.auth("u-2")
    assert len(isolated.processes()) == 1


def test_a_reload_replaces_the_processes_and_one_that_is_refused_leaves_them(isolated):
    dunlin = isolated.dunlin
    before = isolated.processes()
    for settings, why in [({"refuse": True}, "dunlin.yaml:"), ({"fail": True}, "create failed on worker 0"),
                          ({"crash": True}, "its process ended in load or configure (SIGSEGV)")]:
        refused = isolated.reload(**settings)
        assert refused.returncode == 1 and why in refused.stderr, refused
        assert sorted(isolated.processes()) == sorted(before)
    waiting = dunlin.connect()
    waiting.send({"op": "auth", "token": "later-7", "id": "w"})
    assert isolated.reload(more=1).returncode == 0
    assert waiting.recv_json()["result"] is True
    until(lambda: all(gone(pid) for pid in before), "the old processes have ended")
    dunlin.wait_metric("dunlin_module_instances", 2, module="fragile")
    isolated.wait_up()
    dunlin.connect().auth("u-1")
    assert len(isolated.processes()) == 2 and not dunlin.logged("module process ended")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_the_server(isolated, how):
    processes = isolated.processes()
    hanging = isolated.dunlin.connect()
    hanging.send({"op": "auth", "token": "hang"})
    isolated.dunlin.wait_logged("asked")
    os.kill(isolated.dunlin.process.pid, how)
    isolated.dunlin.killed = how == signal.SIGKILL
    isolated.dunlin.wait_exit()
    until(lambda: all(gone(pid) for pid in processes), "its processes have ended")


def test_what_a_process_cannot_have_is_said_at_load(tmp_path):
    def check(**options):
        file = tmp_path / "dunlin.yaml"
        file.write_text(json.dumps(configuration(**options)))
        return run_cli("check", "--config", file)

    lua = check(auth=[{"module": "lua", "isolation": "process"}])
    assert lua.returncode == 1 and "dunlin.channel/1" in lua.stderr
    assert "which a module with `isolation: process` does not have" in lua.stderr
    router = check(router={"module": "lua", "isolation": "process"})
    assert router.returncode == 1 and "isolation: is for auth modules only" in router.stderr
    assert "isolation: must be process or none" in check(auth=[{"module": "jwt-auth", "isolation": "yes"}]).stderr
    assert check(auth=[{"module": "jwt-auth", "isolation": "process"}]).returncode == 0


def test_the_shipped_auth_modules_run_in_processes_unchanged(serve, backend):
    asked = backend(lambda request: (200, {"uid": 1002}) if request.headers["X-Agent"] == "a test" else (403, {}))
    dunlin = serve(auth=[{"module": "jwt-auth", "isolation": "process"}, {"module": "http-auth", "isolation": "process"}],
                   modules={"http-auth": {"url": asked.url, "headers": {"X-Agent": "{{header.user-agent}}"}}})
    dunlin.login(1001).subscribe("@user")
    dunlin.connect(extra_headers={"User-Agent": "a test"}, user_agent_header=None).auth("no-jwt").subscribe("@user")
    assert dunlin.api.publish("user:1001", "hi") == {"s": 1, "f": 0} == dunlin.api.publish("user:1002", "hi")
    assert dunlin.connect(extra_headers={"User-Agent": "another"}, user_agent_header=None).request(
        "auth", token="no-jwt") == TOKEN_REFUSED
