# SPDX-License-Identifier: Apache-2.0
"""A client that shows a certificate, on either kind of listener: auth modules get it whole, and http-auth hands it on."""
import base64
import ssl

import pytest
from websockets.exceptions import WebSocketException

from harness.keys import ClientAuthority, self_signed


@pytest.fixture
def authority(tmp_path):
    return ClientAuthority(tmp_path)


@pytest.fixture
def server(tmp_path):
    return self_signed(tmp_path)


def trusting(server, *identity):
    """A client's context; `identity`: what it shows of itself."""
    context = ssl.create_default_context(cafile=server[0])
    if identity:
        context.load_cert_chain(*identity)
    return context


def http_auth(url, **entry):
    """Log-ins by certificate, as RFC 9440 writes one into a header."""
    return {"auth": [{"module": "http-auth"} | entry],
            "modules": {"http-auth": {"url": url, "method": "GET",
                                      "headers": {"Client-Cert": ":{{tls_certificate}}:", "X-Subject": "{{tls_subject}}"}}}}


def der_in(request):
    field = request.headers["Client-Cert"]
    assert field[0] == field[-1] == ":"
    return base64.b64decode(field[1:-1], validate=True)


@pytest.fixture
def by_certificate(backend, authority):
    """A backend that knows one certificate."""
    return backend(lambda request: (200, {"uid": 1001}) if der_in(request) == authority.der() else (403, {}))


# A line of raw TCP logs in by nothing but the certificate.
LOGIN = r"""
function protocol_input(buf) return string.find(buf:tostring(), "\n", 1, true) or 0 end
function on_message()
  local conn = mix.socket.tcp()
  local ok, _, kind = conn:authenticate("")
  conn:send((ok and tostring(conn:uid()) or kind) .. "\n")
end
"""


@pytest.fixture
def raw_tcp(serve, server, authority, by_certificate):
    tls = dict(zip(("certificate", "key", "client_ca"), map(str, (*server, authority.certificate))))
    asking = http_auth(by_certificate.url)
    return serve(socket={"script": LOGIN, "tls": tls, "auth": asking["auth"]}, modules=asking["modules"])


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_the_backend_is_handed_the_certificate(serve, server, authority, by_certificate, isolation):
    dunlin = serve(tls=(*server, authority.certificate), **http_auth(by_certificate.url, isolation=isolation))
    shown = trusting(server, authority.client, authority.client_key)
    client = dunlin.connect(ssl=shown).auth("").subscribe("@user")
    assert dunlin.api.publish("user:1001", "hi") == {"s": 1, "f": 0} and client.recv() == "hi"
    assert by_certificate.requests[0].headers["X-Subject"] == "ann"


def test_who_shows_none_is_nobody(serve, server, authority, by_certificate):
    dunlin = serve(tls=(*server, authority.certificate), **http_auth(by_certificate.url))
    assert "code" in dunlin.connect(ssl=trusting(server)).request("auth", token="")
    assert by_certificate.requests[0].headers["Client-Cert"] == "::"


def test_one_of_another_authority_is_refused_at_the_handshake(serve, server, authority, by_certificate, tmp_path):
    (tmp_path / "other").mkdir()
    other = ClientAuthority(tmp_path / "other")
    dunlin = serve(tls=(*server, authority.certificate), **http_auth(by_certificate.url))
    with pytest.raises((OSError, EOFError, WebSocketException)):
        dunlin.connect(ssl=trusting(server, other.client, other.client_key))
    assert not by_certificate.requests


def test_raw_tcp_hands_it_on_too(raw_tcp, server, authority, by_certificate):
    client = raw_tcp.tcp(ssl=trusting(server, authority.client, authority.client_key))
    assert client.send(b"login\n").line() == "1001"
    assert by_certificate.requests[0].headers["X-Subject"] == "ann"


def test_who_shows_none_on_raw_tcp_is_nobody(raw_tcp, server, by_certificate):
    assert raw_tcp.tcp(ssl=trusting(server)).send(b"login\n").line() == "denied"
    assert by_certificate.requests[0].headers["Client-Cert"] == "::"


def test_one_of_another_authority_is_refused_on_raw_tcp(raw_tcp, server, by_certificate, tmp_path):
    (tmp_path / "other").mkdir()
    other = ClientAuthority(tmp_path / "other")
    with pytest.raises((OSError, EOFError)):  # when it is told of depends on the version of TLS
        raw_tcp.tcp(ssl=trusting(server, other.client, other.client_key)).send(b"login\n").line()
    raw_tcp.wait_metric("dunlin_refused_total", 1, reason="bad_request")
    assert not by_certificate.requests
