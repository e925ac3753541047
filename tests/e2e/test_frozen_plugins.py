# SPDX-License-Identifier: Apache-2.0
"""Binaries of plugins that were built long ago (tests/abi/frozen) run on this server as they are."""
import platform

import pytest

from harness.server import SOURCE, run_cli
from harness.waiting import DEADLINE

FROZEN = SOURCE / "tests/abi/frozen"
SETTINGS = {"pin-auth": '{"pin": "open-sesame"}', "frozen-auth": '{"prefix": "letmein-"}', "house-rules": "{}", "frozen-router": "{}"}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the binaries are for x86-64")


@pytest.fixture
def frozen(serve):
    return serve(auth=["pin-auth", "frozen-auth"], router="frozen-router", endpoint={"login": "handshake", "guards": ["house-rules"]},
                 modules={"pin-auth": {"pin": "open-sesame"}, "frozen-auth": {"prefix": "letmein-"}},
                 api={"routes": ["house-rules"]}, top={"plugins": {"directory": str(FROZEN)}, "filters": ["house-rules"]})


def test_they_log_in_route_guard_filter_and_serve(frozen):
    by_pin = frozen.connect("/message-center?token=1001:open-sesame")
    by_prefix = frozen.connect("/message-center?token=letmein-1002")
    for client in (by_pin, by_prefix):
        client.send("join room")
        assert client.recv() == "joined"
    by_pin.send("join staff")
    assert by_pin.recv() == "refused"
    by_pin.send("room:well, darn it")
    assert by_pin.recv() == by_prefix.recv() == "well, **** it"
    by_prefix.send("hello")
    assert by_prefix.recv() == "hello"
    assert frozen.api.get("/house-rules").status == 200


@pytest.mark.parametrize("token", ["1001:guess", "letmein-x", "nobody's"])
def test_they_refuse(frozen, token):
    frozen.connect(f"/message-center?token={token}").expect_close(4004)


@pytest.mark.parametrize("name", SETTINGS)
def test_they_pass_the_conformance_suite(name):
    done = run_cli("plugin", "check", FROZEN / f"{name}.so", "--settings", SETTINGS[name], timeout=6 * DEADLINE)
    assert done.returncode == 0 and "FAIL" not in done.stdout, done.stdout + done.stderr


def test_every_one_is_run():
    assert {file.stem for file in FROZEN.glob("*.so")} == set(SETTINGS)
