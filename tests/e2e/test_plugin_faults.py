# SPDX-License-Identifier: Apache-2.0
"""What a module does wrong is seen: a hook that blocks, one that never returns, a crash, an exit."""
import json
import shutil
import signal
from pathlib import Path

import pytest

from harness.server import PLUGINS, Dunlin, configuration, run_cli, watches_threads
from harness.swap import TEST_PLUGINS, Swapper
from harness.waiting import until

HOSTILE = Path(PLUGINS).parent / "tests/abi-modules"


def test_a_hook_that_blocks_is_logged_with_module_hook_and_worker_and_counted(serve, tmp_path):
    dunlin = Swapper(serve, tmp_path).dunlin
    client = dunlin.connect()
    client.send("block")
    line, = dunlin.wait_logged("slow hook")
    assert (line["module"], line["hook"]) == ("swap", "message") and line["worker"] in (0, 1) and line["ms"] >= 200
    assert dunlin.metric("dunlin_slow_hooks_total", module="swap") == 1
    client.send("who")
    assert client.recv() == "v1"


def test_a_hook_that_does_not_return_is_named_while_it_hangs(serve, tmp_path):
    dunlin = Swapper(serve, tmp_path).dunlin
    dunlin.connect().send(f"hold {tmp_path}/release")
    line = dunlin.wait_logged("hook does not return")[0]
    assert (line["module"], line["hook"]) == ("swap", "message") and line["worker"] in (0, 1) and line["seconds"] >= 2
    (tmp_path / "release").touch()
    assert dunlin.wait_logged("hook has returned")[0]["worker"] == line["worker"]
    dunlin.wait_metric("dunlin_held_workers", 0)


def server(client_loop, tmp_path, **settings):
    """One that is not stopped as others are."""
    (tmp_path / "server").mkdir()
    top = {"plugins": {"directory": str(TEST_PLUGINS / "v1")}, "log": {"format": "json"}, "shutdown": "100ms"}
    return Dunlin(tmp_path / "server", client_loop, auth=["swap"], router="swap", modules={"swap": settings}, top=top)


def test_a_worker_that_is_held_does_not_keep_the_server_from_stopping(client_loop, tmp_path):
    dunlin = server(client_loop, tmp_path)
    dunlin.connect().send(f"hold {tmp_path}/never")
    dunlin.wait_logged("hook does not return")
    dunlin.terminate()
    assert dunlin.wait_exit() == 1
    line, = dunlin.logged("left hanging")
    assert '`message` of module "swap" does not return' in line["why"]


@pytest.mark.parametrize("hook", ["destroy", "discard"])
def test_a_module_that_does_not_let_go_does_not_keep_the_server_from_stopping(client_loop, tmp_path, hook):
    dunlin = server(client_loop, tmp_path, **{f"hold_{hook}": f"{tmp_path}/never"})
    dunlin.terminate()
    assert dunlin.wait_exit() == 1
    line, = dunlin.logged("left hanging")
    assert f'`{hook}` of module "swap" does not return' in line["why"]


def test_workers_that_are_held_in_destroy_leave_reloads_and_signals_answered(client_loop, tmp_path):
    dunlin = server(client_loop, tmp_path, hold_destroy=f"{tmp_path}/never")
    text = dunlin.config_file.read_text()
    dunlin.config_file.write_text(text.replace("hold_destroy", "mark"))
    assert run_cli("reload", "--config", dunlin.config_file).returncode == 0
    until((tmp_path / "never.held").exists, "the old instances are being destroyed")
    dunlin.config_file.write_text("nonsense: true")
    refused = run_cli("reload", "--config", dunlin.config_file)
    assert refused.returncode == 1 and "nonsense" in refused.stderr
    dunlin.terminate()
    assert dunlin.wait_exit() == 1
    line, = dunlin.logged("left hanging")
    assert '`destroy` of module "swap" does not return' in line["why"]


def test_a_module_that_ends_the_process_is_named(client_loop, tmp_path):
    dunlin = server(client_loop, tmp_path)
    dunlin.connect().send("exit")
    assert dunlin.wait_exit() == 1
    line, = dunlin.logged("crashed")
    assert (line["signal"], line["module"], line["hook"]) == ("exit", "swap", "message") and line["worker"] in (0, 1)


def test_a_crash_names_the_module_and_the_hook(client_loop, tmp_path):
    dunlin = server(client_loop, tmp_path)
    dunlin.connect().send("crash")
    assert dunlin.wait_exit() == -signal.SIGSEGV
    line, = dunlin.logged("crashed")
    assert (line["signal"], line["module"], line["hook"]) == ("SIGSEGV", "swap", "message") and line["worker"] in (0, 1)


@pytest.mark.parametrize("token, name, end, hook", [
    ("thread-segv", "SIGSEGV", -signal.SIGSEGV, "thread"), ("thread-abort", "SIGABRT", -signal.SIGABRT, "thread"),
    ("thread-null", "SIGSEGV", -signal.SIGSEGV, "thread"), ("thread-exit", "exit", 1, "thread"),
    ("thread-tail", "SIGSEGV", -signal.SIGSEGV, "thread"),
    ("loop-segv", "SIGSEGV", -signal.SIGSEGV, "loop")])
def test_a_crash_that_no_hook_is_to_blame_for_names_the_module(client_loop, tmp_path, token, name, end, hook):
    dunlin = server_of(TEST_PLUGINS / "fragile/fragile.so", client_loop, tmp_path)
    dunlin.connect().send({"op": "auth", "token": token})
    assert dunlin.wait_exit() == end
    line, = dunlin.logged("crashed")
    assert (line["signal"], line["module"], line["hook"]) == (name, "fragile", hook)


def options_of(file, tmp_path):
    """Of a server whose log-ins are decided by this file."""
    (tmp_path / "plugins").mkdir()
    shutil.copy(file, tmp_path / "plugins")
    (tmp_path / "plugins/lua.so").symlink_to(Path(PLUGINS) / "lua.so")
    return {"auth": [file.stem], "top": {"plugins": {"directory": str(tmp_path / "plugins")}, "shutdown": "100ms"}}


def server_of(file, client_loop, tmp_path):
    (tmp_path / "server").mkdir()
    return Dunlin(tmp_path / "server", client_loop, **options_of(file, tmp_path))


def test_a_thread_that_is_left_behind_is_told_that_its_instance_is_gone(serve, tmp_path):
    options = options_of(HOSTILE / "hostile-stale.so", tmp_path)
    dunlin = serve(**options)
    options["top"]["plugins"]["handover"] = "9s"
    dunlin.config_file.write_text(json.dumps(configuration(**options)))
    assert run_cli("reload", "--config", dunlin.config_file).returncode == 0
    # post, put, land, remove, reply, answer; the timer belongs to the worker and is E_THREAD
    dunlin.wait_metric("dunlin_stale_calls_total", 6, module="hostile-stale")
    assert "code" in dunlin.connect().request("auth", token="x")


def test_a_thread_that_calls_on_while_the_server_ends_does_no_harm(serve, tmp_path):
    serve(**options_of(HOSTILE / "hostile-endless.so", tmp_path)).stop()


@pytest.mark.parametrize("name", ["fickle", "huge"])
def test_answers_that_make_no_sense_do_no_harm(serve, tmp_path, name):
    dunlin = serve(**options_of(HOSTILE / f"hostile-{name}.so", tmp_path))
    for _ in range(20):
        assert "code" in dunlin.connect().request("auth", token="x" * 2000)
    assert name == "fickle" or dunlin.metric("dunlin_auth_outcomes_total", module="hostile-huge", outcome="fault") == 20


def test_a_module_that_meddles_with_the_process_is_named(serve, tmp_path):
    line, = serve(**options_of(HOSTILE / "hostile-meddle.so", tmp_path)).logged("module meddles with the process")
    assert line["module"] == "hostile-meddle"
    for what in ("the handler of SIGSEGV", "whether SIGTERM is blocked", "the locale", "the environment", "descriptor 0"):
        assert what in line["changed"]


@pytest.mark.skipif(watches_threads(), reason="there pthread_exit() ends the thread without unwinding the stack")
def test_a_hook_that_ends_its_thread_is_a_crash_that_names_it(client_loop, tmp_path):
    dunlin = server_of(HOSTILE / "hostile-leave.so", client_loop, tmp_path)
    dunlin.connect().send({"op": "auth", "token": "x" * 2000})
    assert dunlin.wait_exit() == -signal.SIGABRT
    line, = dunlin.logged("crashed")
    assert (line["signal"], line["module"], line["hook"]) == ("SIGABRT", "hostile-leave", "check")
