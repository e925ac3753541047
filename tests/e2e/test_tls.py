# SPDX-License-Identifier: Apache-2.0
"""A listener that speaks TLS, with a certificate that openssl makes."""
import json
import ssl

import pytest

from harness.keys import self_signed
from harness.server import configuration, run_cli


@pytest.fixture
def certificate(tmp_path):
    return self_signed(tmp_path)


@pytest.fixture
def trust(certificate):
    """What a client needs to know this server."""
    return {"ssl": ssl.create_default_context(cafile=certificate[0])}


def test_a_push_over_wss(serve, certificate, trust):
    dunlin = serve(tls=certificate)
    client = dunlin.login(uid=1001, **trust).subscribe("@user")
    for text in ("hi", "世界" * 1000, "x" * 16_384, "y" * 500_000):
        assert dunlin.api.publish("user:1001", text) == {"s": 1, "f": 0}
        assert client.recv() == text


def test_many_pushes_at_once_keep_order(serve, certificate, trust):
    dunlin = serve(tls=certificate, limits={"outbox": "16MiB"})
    clients = [dunlin.login(uid=1001, **trust).subscribe("@user") for _ in range(4)]
    sent = [f"{i} ".ljust(i * 37 % 20_000) for i in range(200)]
    for text in sent:
        assert dunlin.api.publish("user:1001", text) == {"s": 4, "f": 0}
    for client in clients:
        assert client.recv_many(len(sent)) == sent
        assert client.is_alive()


def test_messages_from_clients(serve, certificate, trust):
    dunlin = serve(tls=certificate, auth=[], script="function on_message(m) mix.websocket():send(m.data, m.type) end")
    client = dunlin.connect(**trust)
    for text in ("a", "b" * 60_000):
        client.send(text)
        assert client.recv() == text


def test_a_client_of_another_trust_is_not_fooled(serve, certificate, trust):
    dunlin = serve(tls=certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        dunlin.connect(ssl=ssl.create_default_context())
    assert dunlin.connect(**trust).is_alive()


def test_plain_http_at_a_tls_port(serve, certificate, trust):
    dunlin = serve(tls=certificate, limits={"handshake": "1s"})
    stream = dunlin.stream()
    stream.send(b"GET /message-center HTTP/1.1\r\nHost: x\r\n\r\n")
    assert stream.ended()
    assert dunlin.connect(**trust).is_alive()


def test_a_tls_handshake_that_dawdles_is_cut(serve, certificate, trust):
    dunlin = serve(tls=certificate, limits={"handshake": "300ms"})
    assert dunlin.stream().ended()
    dunlin.wait_metric("dunlin_refused_total", 1, reason="handshake_timeout")


def test_a_slow_reader_over_tls_gets_whole_frames(serve, certificate, trust):
    dunlin = serve(tls=certificate, limits={"outbox": "32MiB"})
    client = dunlin.login(uid=1001, max_queue=1, read_limit=1024, **trust).subscribe("@user")
    sent = [f"{i} ".ljust(100_000, "x") for i in range(100)]
    for text in sent:
        assert dunlin.api.publish("user:1001", text) == {"s": 1, "f": 0}
    assert client.recv_many(len(sent)) == sent
    assert client.is_alive()


def test_it_drains(serve, certificate, trust):
    dunlin = serve(tls=certificate)
    client = dunlin.login(**trust)
    dunlin.terminate()
    client.expect_close(1001)
    assert dunlin.wait_exit() == 0


@pytest.mark.parametrize("fault", ["no such file", "no certificate", "another key"])
def test_certificates_that_cannot_be_used(tmp_path, certificate, fault):
    file = tmp_path / "dunlin.yaml"
    crt, key = certificate
    if fault == "no such file":
        crt = tmp_path / "nothing.crt"
    elif fault == "no certificate":
        crt = key
    else:
        (tmp_path / "other").mkdir()
        key = self_signed(tmp_path / "other")[1]
    file.write_text(json.dumps(configuration(tls=(crt, key))))
    done = run_cli("serve", "--config", file)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert str(crt) in line or str(key) in line
