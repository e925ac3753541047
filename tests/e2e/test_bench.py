# SPDX-License-Identifier: Apache-2.0
"""The load client against a real server: what it counts is what the server counts."""
import json
import subprocess

import pytest

from harness.scripts import LINES
from harness.server import PLUGINS, SOURCE, run_cli

ECHO = "function on_message(msg) mix.websocket():send(msg.data) end"


def bench(dunlin, work, *arguments, url=None, publish_url=None):
    """Its findings, and its exit code."""
    done = run_cli("bench", "--work", work, "--config", dunlin.config_file, "--url", url or dunlin.url(), "--publish-url",
                   publish_url or f"http://127.0.0.1:{dunlin.api.port}/v1/mesh/publish", "--server", dunlin.process.pid, "--seconds", "0.3",
                   "--warm-up", "0", "--json", *arguments)
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done.returncode


def sound(found):
    return [found[fault] for fault in ("lost", "repeated", "disordered", "damaged", "error")] == [0, 0, 0, 0, ""]


@pytest.mark.parametrize("work, receivers, more", [("fan-out", 20, []), ("fan-out", 20, ["--spin"]), ("one-to-one", 1, [])])
def test_every_delivery_is_checked(dunlin, work, receivers, more):
    found, code = bench(dunlin, work, "-n", "20", "-w", "8", *more)
    assert code == 0 and sound(found)
    assert found["messages"] > 0 and found["deliveries"] > 0
    assert dunlin.metric("dunlin_deliveries_total") == dunlin.metric("dunlin_publishes_total") * receivers
    assert found["cpu_us"] > 0 and found["p999_us"] >= found["p50_us"] > 0


@pytest.mark.parametrize("more", [("--via", "ws"), ("--via", "ws", "--batch", "4"), ("--batch", "4"), ("--rate", "500")])
def test_the_ways_to_publish(dunlin, more):
    url = f"ws://127.0.0.1:{dunlin.api.port}/ws/v1" if "ws" in more else None
    found, code = bench(dunlin, "one-to-one", "-n", "20", "-w", "8", *more, publish_url=url)
    assert code == 0 and sound(found) and found["deliveries"] > 0
    assert dunlin.metric("dunlin_deliveries_total") == dunlin.metric("dunlin_publishes_total")


def test_channels_of_its_own_for_each_client(serve):
    dunlin = serve(endpoint={"options": {"channels": ["room:"]}})
    found, code = bench(dunlin, "one-to-one", "--protocol", "rooms", "--via", "http", "-n", "4", "--channels", "30", "-w", "8")
    assert code == 0 and sound(found) and found["deliveries"] > 120  # so that each had one at least
    assert dunlin.metric("dunlin_deliveries_total") == dunlin.metric("dunlin_publishes_total")


def test_a_client_publishes(serve):
    dunlin = serve(endpoint={"options": {"channels": ["room:"]}})
    found, code = bench(dunlin, "fan-out", "--protocol", "rooms", "-n", "5", "-w", "3", publish_url=dunlin.url())
    assert code == 0 and sound(found) and found["deliveries"] > 0


def test_compressed_deliveries_are_checked_and_each_message_was_compressed_once(serve):
    dunlin = serve(endpoint={"compression": "on"})
    found, code = bench(dunlin, "fan-out", "-n", "20", "-w", "8", "--size", "1000", "--compression")
    assert code == 0 and sound(found) and found["compression"] is True
    assert dunlin.metric("dunlin_deliveries_total") == 20 * dunlin.metric("dunlin_publishes_total")
    assert dunlin.metric("dunlin_compressed_messages_total") == dunlin.metric("dunlin_publishes_total") > 0


def test_compression_that_the_server_does_not_agree_to_is_said(dunlin):
    with pytest.raises(AssertionError, match="does not agree to permessage-deflate"):
        bench(dunlin, "fan-out", "-n", "2", "--compression")


def test_echo(serve):
    found, code = bench(serve(script=ECHO), "echo", "--protocol", "plain", "-n", "5", "-w", "3")
    assert code == 0 and sound(found) and found["deliveries"] > 0


def test_logins(dunlin):
    found, code = bench(dunlin, "login", "-n", "5", "-w", "5")
    assert code == 0 and sound(found)
    assert dunlin.metric("dunlin_logins_total") >= found["deliveries"] + 5


def test_connections_come_and_go(dunlin):
    found, code = bench(dunlin, "storm", "-n", "50", "-w", "10")
    assert code == 0 and sound(found) and found["accepts_per_second"] > 0
    dunlin.wait_metric("dunlin_connections", 0)
    assert dunlin.metric("dunlin_connections_accepted_total") == 50


def test_memory_of_idle_connections(dunlin):
    found, code = bench(dunlin, "idle", "-n", "50")
    assert code == 0 and {"memory_connected", "memory_ready"} <= found.keys()


@pytest.mark.parametrize("work", ["storm", "idle"])
def test_raw_tcp(serve, work):
    dunlin = serve(socket=LINES)
    found, code = bench(dunlin, work, "--protocol", "socket", "-n", "50", "-w", "10", url=f"tcp://127.0.0.1:{dunlin.ports[1]}")
    assert code == 0 and sound(found) and found["accepts_per_second"] > 0
    dunlin.wait_metric("dunlin_connections", 0)
    assert dunlin.metric("dunlin_connections_accepted_total") == 50


def test_a_server_that_says_something_else_is_found_out(serve):
    mangled = "function on_message(msg) mix.websocket():send((msg.data:gsub('a', 'b'))) end"
    found, code = bench(serve(script=mangled), "echo", "--protocol", "plain", "-n", "1", "-w", "1")
    assert code == 1 and found["damaged"] > 0


def test_refused_logins_end_the_run(serve):
    dunlin = serve()
    done = run_cli("bench", "--url", dunlin.url(), "-n", "3", "--seconds", "0.1")
    assert done.returncode == 1 and "Token Refused" in done.stderr


@pytest.mark.parametrize("arguments, word", [
    (["--work", "dance"], "dance"), (["--protocol", "smtp"], "smtp"), (["--size", "10"], "--size"),
    (["--channels", "2", "--work", "one-to-one"], "--channels"), (["--channels", "2", "--protocol", "rooms"], "--channels"), (["-n", "0"], "0"),
    (["--batch", "32"], "--batch"), (["--batch", "2", "--via", "client", "--protocol", "mqtt"], "--batch"), (["--rate", "-1"], "--rate"),
    (["--rate", "5", "--work", "echo"], "--rate"), (["--url", "wss://127.0.0.1/"], "ws://"),
    (["--url", "tcp://127.0.0.1:1"], "idle"), (["--url", "ws://127.0.0.1:1/"], "refused"), (["--server", "999999999"], "--server"),
])
def test_what_cannot_be_run(arguments, word):
    done = run_cli("bench", *arguments)
    assert done.returncode == 1 and word in done.stderr, done.stderr


@pytest.mark.parametrize("arguments, verdict", [([], "enough"), (["--nodes", "2", "--cores", "2", "--connections", "1000"], "NOT ENOUGH")])
def test_the_simulation_of_a_cluster_agrees_with_its_formula(arguments, verdict):
    done = subprocess.run([SOURCE / "bench/scale", "--samples", "3000", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f": {verdict}." in done.stdout


def test_a_second_node_is_compared_with_the_first_and_the_others_do_no_work():
    done = run_cli("bench", "--nodes", "4", "-w", "4", "--seconds", "0.3", "--warm-up", "0", "--plugins", PLUGINS, "--json", timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for run in ("local", "cluster", "local_busy", "cluster_busy"):
        assert found[run]["messages_per_second"] > 0
        assert [found[run][fault] for fault in ("lost", "repeated", "disordered", "damaged")] == [0, 0, 0, 0]
    assert found["bytes_between_nodes"] > 100 and found["idle_received"] == 0
