# SPDX-License-Identifier: Apache-2.0
"""What a module does wrong is seen: a hook that blocks, a crash."""
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


def test_a_crash_names_the_module_and_the_hook(client_loop, tmp_path):
    (tmp_path / "server").mkdir()
    top = {"plugins": {"directory": str(TEST_PLUGINS / "v1")}, "log": {"format": "json"}}
    dunlin = Dunlin(tmp_path / "server", client_loop, auth=["swap"], router="swap", modules={"swap": {}}, top=top)
    dunlin.connect().send("crash")
    assert dunlin.wait_exit() == -signal.SIGSEGV
    line, = dunlin.logged("crashed")
    assert (line["signal"], line["module"], line["hook"]) == ("SIGSEGV", "swap", "message") and line["worker"] in (0, 1)
