# SPDX-License-Identifier: Apache-2.0
"""Auth plugins in Rust and in plain C99 that include nothing of ours: it is a C ABI, and not a C++ one in disguise."""
from pathlib import Path

import pytest

from harness.server import PLUGINS, run_cli
from harness.waiting import DEADLINE

LANGUAGES = {"badge-auth": ("badge:ann", "ann", "badge:"), "crab-auth": ("crab-1463786910324359168", "1463786910324359168", "crab-x")}


@pytest.fixture(params=LANGUAGES)
def name(request):
    if not Path(PLUGINS, f"{request.param}.so").exists():
        pytest.skip(f"{request.param} was not built: there is no rustc")
    return request.param


def test_it_logs_in(serve, name):
    good, uid, bad = LANGUAGES[name]
    dunlin = serve(auth=[name])
    client = dunlin.connect().auth(good).subscribe("@user")
    assert dunlin.api.publish(f"user:{uid}", "hi") == {"s": 1, "f": 0} and client.recv() == "hi"
    for token, outcome in ((bad, "deny"), ("somebody else's", "pass")):
        assert dunlin.connect().request("auth", token=token)["code"] == 2
        assert dunlin.metric("dunlin_auth_outcomes_total", module=name, outcome=outcome) == 1


def test_it_passes_the_conformance_suite(name):
    done = run_cli("plugin", "check", f"{PLUGINS}/{name}.so", timeout=6 * DEADLINE)
    assert done.returncode == 0 and "warn" not in done.stdout, done.stdout + done.stderr
