# SPDX-License-Identifier: Apache-2.0
"""SIGHUP and `dunlin reload` put a changed configuration in force, wholly or not at all, and say what came of it."""
import shutil
import signal
import subprocess

import pytest

from harness.server import BIN, PLUGINS, run_cli
from harness.swap import Swapper
from harness.waiting import DEADLINE, until


@pytest.fixture
def swapper(serve, tmp_path):
    return Swapper(serve, tmp_path)


def ask(client, text):
    client.send(text)
    return client.recv()


def test_new_settings_are_in_force_for_connections_that_were_there_before(swapper):
    client = swapper.dunlin.connect()
    assert ask(client, "who") == "v1"
    swapper.change(swap={"mark": "!"})
    swapper.reload_in_force()
    assert ask(client, "who") == "v1!"
    swapper.wait_one_generation()


def test_a_changed_file_is_in_force(swapper):
    client = swapper.dunlin.connect()
    swapper.build("v2")
    swapper.reload_in_force()
    assert ask(client, "who") == "v2"
    assert ask(swapper.dunlin.connect(), "who") == "v2"
    swapper.wait_one_generation()


def test_a_file_that_is_overwritten_in_place_does_not_disturb_who_runs_it(swapper):
    client = swapper.dunlin.connect()
    swapper.build("v2", overwrite=True)
    assert ask(client, "who") == "v1"
    assert ask(client, "echo") == "v1echo"
    swapper.reload_in_force()
    assert ask(client, "who") == "v2"


def test_the_first_version_can_come_back(swapper):
    client = swapper.dunlin.connect()
    for version in ("v2", "v1", "v2"):
        swapper.build(version)
        swapper.reload_in_force()
        assert ask(client, "who") == version
    swapper.wait_one_generation()


def test_sighup_does_the_same(swapper):
    client = swapper.dunlin.connect()
    swapper.build("v2")
    swapper.dunlin.process.send_signal(signal.SIGHUP)
    swapper.dunlin.wait_logged("reloaded")
    assert ask(client, "who") == "v2"


def test_user_context_and_channels_stay(swapper):
    client = swapper.dunlin.connect()
    assert ask(client, "login u-1001") == "v1logged in"
    assert ask(client, "subscribe news") == "v1subscribed"
    swapper.build("v2")
    swapper.reload_in_force()
    swapper.dunlin.api.publish("news", "extra")
    assert client.recv() == "extra"
    swapper.wait_one_generation()
    assert swapper.dunlin.metric("dunlin_closes_total") == 0


def test_a_message_that_waits_is_answered_by_who_was_asked(swapper):
    client = swapper.dunlin.connect()
    client.send("slow")
    swapper.build("v2")
    swapper.reload_in_force()
    assert client.recv() in ("v1slow", "v2slow")
    assert ask(client, "next") == "v2next"
    swapper.wait_one_generation()


REFUSED = {
    "settings": (dict(swap={"refuse": True}), "modules.swap.refuse: refused, as it was told to"),
    "create": (dict(swap={"fail": True}), 'module "swap": create failed on worker'),
    "no such module": (dict(auth=["nobody"]), "nobody.so: no such file"),
    "workers": (dict(workers=1), "node.workers: cannot change while the server runs; a restart is needed"),
    "path": (dict(endpoint={"path": "/other"}), "listeners[0].endpoints[0].path: cannot change"),
    "a bad key": (dict(top={"lst": {}}), 'unknown key "lst"'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_leaves_all_as_it_was_and_says_why(swapper, case):
    change, why = REFUSED[case]
    client = swapper.dunlin.connect()
    swapper.change(**change)
    text = swapper.reload_refused()
    assert why in text and "stays in force" in text
    assert [line for line in swapper.dunlin.logged("reload refused") if why in line["why"]]
    assert ask(client, "who") == "v1"
    assert ask(swapper.dunlin.connect(), "who") == "v1"
    assert swapper.dunlin.metric("dunlin_reloads_total", outcome="refused") == 1
    swapper.wait_one_generation()


def test_a_file_that_is_cut_short_is_refused(swapper):
    whole = (swapper.plugins / "swap.so").read_bytes()
    (swapper.plugins / "swap.so").write_bytes(whole[: len(whole) // 2])
    assert "it is cut short: is it still being written?" in swapper.reload_refused()
    assert ask(swapper.dunlin.connect(), "who") == "v1"


def test_what_check_refuses_reload_refuses_with_the_same_words(swapper):
    swapper.write("listeners: 5\n")
    checked = run_cli("check", "--config", swapper.dunlin.config_file)
    assert checked.returncode == 1
    assert checked.stderr.strip() in swapper.reload_refused()


def test_limits_and_the_log_level_follow(swapper):
    client = swapper.dunlin.connect()
    swapper.change(limits={"message": "1KiB"}, top={"plugins": {"directory": str(swapper.plugins)},
                                                    "log": {"format": "json", "level": "debug"}})
    swapper.reload_in_force()
    client.send("x" * 2000)
    client.expect_close(1009)
    swapper.dunlin.wait_logged("session closed")


def test_what_hangs_is_cancelled_at_the_deadline_and_the_connection_lives(serve, tmp_path):
    swapper = Swapper(serve, tmp_path, modules={"swap": {"hang": True}},
                      top={"plugins": {"directory": str(tmp_path / "plugins"), "handover": "200ms"}})
    client = swapper.dunlin.connect()
    client.send("hang")
    swapper.dunlin.wait_metric("dunlin_sessions", 1, state="handling")
    swapper.build("v2")
    swapper.reload_in_force()
    swapper.wait_one_generation()
    assert ask(client, "who") == "v2"
    assert swapper.dunlin.metric("dunlin_drops_total", reason="module_replaced") == 1
    assert swapper.dunlin.metric("dunlin_closes_total") == 0


def test_a_configure_that_hangs_holds_up_nothing_but_reloads(swapper, tmp_path):
    client = swapper.dunlin.connect()
    swapper.change(swap={"hold": f"{tmp_path}/release"})
    swapper.dunlin.process.send_signal(signal.SIGHUP)
    assert ask(client, "who") == "v1"
    line, = swapper.dunlin.wait_logged("reload refused", timeout=3 * DEADLINE)  # half a minute later
    assert 'the set-up of module "swap" (`configure`) does not return' in line["why"]
    swapper.change(swap={"mark": "!"})
    assert "does not return, which an earlier reload has begun" in swapper.reload_refused()
    assert ask(client, "who") == "v1"
    (tmp_path / "release").touch()
    until(lambda: swapper.reload()[0], "what hung has returned, and reloads are taken again")
    assert ask(client, "who") == "v1!"
    swapper.wait_one_generation()


def test_a_discard_that_hangs_holds_up_nothing_but_reloads(swapper, tmp_path):
    client = swapper.dunlin.connect()
    swapper.change(swap={"hold_discard": f"{tmp_path}/release"})
    swapper.reload_in_force()
    swapper.change(swap={"mark": "!"})
    swapper.reload_in_force()
    until((tmp_path / "release.held").exists, "the old settings are being discarded")
    assert '`discard` of module "swap" does not return, which an earlier reload has begun' in swapper.reload_refused()
    assert ask(client, "who") == "v1!"
    assert swapper.dunlin.metric("dunlin_generations") == 2
    (tmp_path / "release").touch()
    until(lambda: swapper.reload()[0], "what hung has returned, and reloads are taken again")
    swapper.wait_one_generation()


def test_without_a_server_it_says_so(tmp_path):
    (tmp_path / "dunlin.yaml").write_text("{}")
    done = run_cli("reload", "--config", tmp_path / "dunlin.yaml")
    assert done.returncode == 1 and "no server runs on this machine" in done.stderr


def test_servers_that_share_a_file_are_all_reloaded(serve):
    dunlin = serve()
    log_file = dunlin.folder / "second.log"
    with open(log_file, "wb") as log:
        second = subprocess.Popen([BIN, "serve", "--config", dunlin.config_file], stdout=log, stderr=log)
    try:
        until(lambda: '"msg":"ready"' in log_file.read_text(), "the second is ready")
        done = run_cli("reload", "--config", dunlin.config_file)
        assert done.returncode == 0 and done.stdout.count("in force") == 2, done
        dunlin.config_file.write_text(dunlin.config_file.read_text().replace('"modules"', '"moduls"'))
        done = run_cli("reload", "--config", dunlin.config_file)
        assert done.returncode == 1 and done.stderr.count("not reloaded") == 2, done
    finally:
        second.terminate()
        assert second.wait(DEADLINE) == 0


def test_watched_files_are_reloaded_by_themselves(serve, tmp_path):
    swapper = Swapper(serve, tmp_path, plugins={"watch": True})
    client = swapper.dunlin.connect()
    swapper.build("v2")
    swapper.dunlin.wait_logged("reloaded", generation=2)
    assert ask(client, "who") == "v2"
    swapper.change(swap={"mark": "!"})
    swapper.dunlin.wait_logged("reloaded", generation=3)
    assert ask(client, "who") == "v2!"
    swapper.write("nonsense")
    swapper.dunlin.wait_logged("reload refused")
    assert ask(client, "who") == "v2!"


def test_a_plugin_that_comes_after_the_line_that_selects_it_is_put_in_force(serve, tmp_path):
    swapper = Swapper(serve, tmp_path, plugins={"watch": True})
    swapper.change(auth=["swap", "badge-auth"])
    refused, = swapper.dunlin.wait_logged("reload refused")
    assert "badge-auth.so: no such file" in refused["why"]
    shutil.copy(f"{PLUGINS}/badge-auth.so", swapper.plugins)
    line, = swapper.dunlin.wait_logged("reloaded")
    assert "badge-auth" in line["modules"]
