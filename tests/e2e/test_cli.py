# SPDX-License-Identifier: Apache-2.0
"""The program's commands."""
import base64
import json

import pytest

from harness.server import configuration, run_cli


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration()))
    return file


def claims_of(token):
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def test_a_token_logs_in(dunlin):
    done = run_cli("token", "--config", dunlin.config_file, "--uid", "1463786910324359168", "--ttl", "1h", "--claim", "name=Ann")
    assert done.returncode == 0 and done.stderr == ""
    dunlin.connect().auth(done.stdout.strip()).subscribe("@user")
    assert dunlin.api.publish("user:1463786910324359168", "hi") == {"s": 1, "f": 0}


@pytest.mark.parametrize("arguments, part", [
    (["--uid", "1463786910324359168"], '"sub":1463786910324359168'),
    (["--uid", "1001", "--string"], '"sub":"1001"'),
    (["--uid", "ann"], '"sub":"ann"'),
    (["--uid", "0001"], '"sub":"0001"'),
    (["--uid", 'a"b'], '"sub":"a\\"b"'),
    (["--uid", "1", "--claim", "n=9007199254740993"], '"n":9007199254740993'),
    (["--uid", "1", "--claim", "name=Ann B"], '"name":"Ann B"'),
    (["--uid", "1", "--claim", "list=[1,2]"], '"list":[1,2]'),
])
def test_what_a_token_says(config, arguments, part):
    done = run_cli("token", "--config", config, *arguments)
    assert done.returncode == 0, done.stderr
    assert part in claims_of(done.stdout.strip())


def test_the_ttl(config):
    claims = json.loads(claims_of(run_cli("token", "-c", config, "--uid", "1", "--ttl", "90s").stdout.strip()))
    assert claims["exp"] - claims["iat"] == 90


@pytest.mark.parametrize("arguments, word", [
    (["--uid", "1", "--ttl", "60"], "60s"), (["--uid", "1", "--ttl", "soon"], "--ttl"), (["--uid", "1", "--claim", "x"], "--claim"),
    ([], "--uid"),
])
def test_a_token_that_cannot_be_made(config, arguments, word):
    done = run_cli("token", "--config", config, *arguments)
    assert done.returncode != 0 and done.stdout == ""
    assert word in done.stderr


def test_a_token_needs_a_secret(tmp_path):
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration(auth=[], modules={"jwt-auth": {"algorithms": ["RS256"], "jwks": "https://example.com/"}})))
    done = run_cli("token", "--config", file, "--uid", "1")
    assert done.returncode == 1 and done.stderr.startswith(f"{file}:") and "secret" in done.stderr


def test_publish(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user")
    api = f"http://127.0.0.1:{dunlin.api.port}"
    done = run_cli("publish", "--api", api, "user:1001", "Grüße \"\\")
    assert (done.returncode, done.stdout) == (0, "handed to 1, failed 0\n")
    assert client.recv() == "Grüße \"\\"
    done = run_cli("publish", "--api", api, "user:1001", "-", input="from standard input")
    assert done.returncode == 0
    assert client.recv() == "from standard input"
    assert run_cli("publish", "--api", api, "--binary", "user:1001", "AP8=").returncode == 0
    assert client.recv() == b"\x00\xff"
    done = run_cli("publish", "--api", api, "--binary", "user:1001", "not base64")
    assert done.returncode == 1 and "base64" in done.stderr


def test_publish_with_a_password(serve):
    dunlin = serve(api={"access": [{"username": "backend", "password": "p:w", "roles": ["write"]}]})
    api = f"http://127.0.0.1:{dunlin.api.port}"
    refused = run_cli("publish", "--api", api, "a", "b")
    assert refused.returncode == 1 and "401" in refused.stderr
    assert run_cli("publish", "--api", api, "--user", "backend:p:w", "a", "b").stdout == "handed to 0, failed 0\n"
    assert run_cli("publish", "--api", api, "a", "b", env={"DUNLIN_API_USER": "backend:p:w"}).returncode == 0


def test_publish_where_nobody_listens(dunlin):
    port = dunlin.api.port
    dunlin.stop()
    done = run_cli("publish", "--api", f"http://127.0.0.1:{port}", "a", "b")
    assert done.returncode == 1 and str(port) in done.stderr and len(done.stderr.splitlines()) == 1


def test_check(config):
    done = run_cli("check", "--config", config)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{config}: ok\n", "")


def test_version():
    by_command, by_flag = run_cli("version"), run_cli("--version")
    assert by_command.returncode == by_flag.returncode == 0
    assert by_command.stdout == by_flag.stdout
    assert by_command.stdout.startswith("dunlin ")


def test_help_teaches():
    done = run_cli("--help")
    assert done.returncode == 0
    for command in ("serve", "check", "token", "publish", "version"):
        assert command in done.stdout
        of_it = run_cli(command, "--help")
        assert of_it.returncode == 0 and of_it.stdout
    assert "dunlin token --config" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serve", "--nonsense"], ["publish"], ["check", "more"]])
def test_a_wrong_call(arguments):
    done = run_cli(*arguments)
    assert done.returncode == 2
    assert "--help" in done.stdout + done.stderr
