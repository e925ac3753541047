# SPDX-License-Identifier: Apache-2.0
"""What a module does wrong is seen: a hook that blocks, one that never returns, a crash, an exit."""
import signal

from harness.server import Dunlin
from harness.swap import TEST_PLUGINS, Swapper


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


def server(client_loop, tmp_path):
    """One that is not stopped as others are."""
    (tmp_path / "server").mkdir()
    top = {"plugins": {"directory": str(TEST_PLUGINS / "v1")}, "log": {"format": "json"}, "shutdown": "100ms"}
    return Dunlin(tmp_path / "server", client_loop, auth=["swap"], router="swap", modules={"swap": {}}, top=top)


def test_a_worker_that_is_held_does_not_keep_the_server_from_stopping(client_loop, tmp_path):
    dunlin = server(client_loop, tmp_path)
    dunlin.connect().send(f"hold {tmp_path}/never")
    dunlin.wait_logged("hook does not return")
    dunlin.terminate()
    assert dunlin.wait_exit() == 1
    line, = dunlin.logged("left hanging")
    assert '`message` of module "swap" does not return' in line["why"]


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
