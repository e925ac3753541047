# SPDX-License-Identifier: Apache-2.0
"""The shipped module `lua` is swapped under WebSocket and raw TCP connections, and modules are added and removed, by nothing but
files that change: the server watches them."""
import json
import os
import shutil
from pathlib import Path

from harness.scripts import LINES
from harness.server import PLUGINS
from harness.waiting import DEADLINE, until

ROUTER = """
function on_message(message)
  local conn = mix.websocket()
  if message.data == "join" then conn:subscribe("news") end
  conn:send("%d " .. message.data)
end
"""
MODULES = ("lua", "jwt-auth", "house-rules")


def test_lua_is_swapped_and_modules_come_and_go(serve, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for name in MODULES:
        shutil.copy(f"{PLUGINS}/{name}.so", plugins)
    top = {"plugins": {"directory": str(plugins), "watch": True}}
    dunlin = serve(script=ROUTER % 0, socket=LINES, top=top, modules={"house-rules": {}})
    without = json.loads(dunlin.config_file.read_text())
    rules = json.loads(dunlin.config_file.read_text()) | {"filters": ["house-rules"]}
    rules["listeners"][0]["endpoints"][0]["guards"] = rules["api"]["routes"] = ["house-rules"]
    browser, device = dunlin.connect(), dunlin.tcp()
    browser.send("join")
    assert browser.recv() == "0 join" and device.send(b"join news\n").line() == "echo join news"

    for i in range(1, 5):
        with open(plugins / "new", "wb") as file:
            file.write(Path(PLUGINS, "lua.so").read_bytes() + bytes(i))  # another version, as the loader sees it
        os.rename(plugins / "new", plugins / "lua.so")
        (dunlin.folder / "router.lua").write_text(ROUTER % i)
        dunlin.config_file.write_text(json.dumps(rules if i % 2 else without))
        # Several reloads may see the changes one by one; the last of them has all.
        until(lambda: dunlin.api.publish("news", "darn") and browser.recv() == ("****" if i % 2 else "darn"), "in force", 3 * DEADLINE)
        browser.send("hello")
        assert browser.recv() == f"{i} hello"
        assert dunlin.api.get("/house-rules").status == (200 if i % 2 else 404)
        assert device.send(b"hello\n").read_until(b"echo hello\n")
        newcomer = dunlin.connect()
        newcomer.send("hello")
        assert newcomer.recv() == f"{i} hello"

    assert dunlin.metric("dunlin_drops_total") == dunlin.metric("dunlin_closes_total") == 0
    assert not dunlin.logged("reload refused")
    dunlin.wait_metric("dunlin_generations", 1)
    assert dunlin.metric("dunlin_module_instances", module="house-rules") == 0
