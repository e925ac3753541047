# SPDX-License-Identifier: Apache-2.0
"""A `static` endpoint: the files of a folder, and nothing else."""
import os

import pytest

from harness.api import Api
from harness.raw import request
from harness.server import SOURCE


@pytest.fixture
def site(serve, tmp_path):
    """A server whose / is a folder, beside which there is a secret."""
    web = tmp_path / "web"
    (web / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "web-secret").mkdir()
    (tmp_path / "web-secret" / "secret.txt").write_text("secret")
    (web / "index.html").write_text("<h1>Hello, 世界</h1>")
    (web / "app.js").write_text("export const a = 1;")
    (web / "style.css").write_text("body {}")
    (web / "data.json").write_text("{}")
    (web / "what.ever").write_bytes(bytes(range(256)))
    (web / "big.txt").write_text("0123456789" * 100_000)
    (web / "a b.txt").write_text("a space")
    (web / "sub" / "index.html").write_text("below")
    os.symlink(tmp_path / "secret.txt", web / "link.txt")
    return serve(endpoints=[{"path": "/", "static": str(web)}, {"path": "/page", "static": str(SOURCE / "examples/message-center/web")}])


def get(site, path, method="GET"):
    stream = site.stream()
    stream.send(request(method, path))
    return stream.response(head=method == "HEAD")


@pytest.mark.parametrize("path, kind, start", [
    ("/", "text/html", "<h1>Hello, 世界"), ("/index.html", "text/html", "<h1>"), ("/app.js", "text/javascript", "export"),
    ("/style.css", "text/css", "body"), ("/data.json", "application/json", "{}"), ("/sub/", "text/html", "below"),
    ("/sub", "text/html", "below"), ("/a%20b.txt", "text/plain", "a space"), ("/page/", "text/html", "<!"),
    ("/app.js?v=1", "text/javascript", "export"),
])
def test_files_and_their_types(site, path, kind, start):
    answer = get(site, path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.body.decode().startswith(start)


def test_any_bytes_and_any_size(site):
    assert get(site, "/what.ever").body == bytes(range(256))
    assert get(site, "/big.txt").body == b"0123456789" * 100_000


def test_head(site):
    answer = get(site, "/index.html", "HEAD")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")


def test_a_page_loads_over_one_connection(site):
    stream = site.stream()
    for path in ("/", "/app.js", "/style.css"):
        stream.send(request("GET", path))
        assert stream.response().status == 200


@pytest.mark.parametrize("path", [
    "/nothing", "/sub/nothing.html", "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt", "//secret.txt", "/....//secret.txt", "/../web-secret/secret.txt", "/link.txt", "/index.html/",
    "/index.html%00.txt", "/\\..\\secret.txt", "/sub/%2e%2e/%2e%2e/secret.txt",
])
def test_nothing_outside_of_the_folder(site, path):
    stream = site.stream()
    stream.send(request("GET", path))
    try:
        answer = stream.response()
    except EOFError:
        return  # refused without a word
    assert answer.status in (400, 403, 404), answer
    assert b"secret" not in answer.body


def test_other_methods(site):
    for method in ("POST", "PUT", "DELETE"):
        stream = site.stream()
        stream.send(request(method, "/index.html", b"x"))
        try:
            assert stream.response().status in (400, 403, 405)
        except EOFError:
            pass
    assert get(site, "/index.html").status == 200


def test_the_message_centre_beside_it(site):
    assert site.login().is_alive()
    answer = get(site, "/message-center")
    assert answer.status == 426 and answer.headers["upgrade"] == "websocket"
    assert Api(site.port).get("/app.js").status == 200
