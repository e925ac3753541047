# SPDX-License-Identifier: Apache-2.0
"""The node directory (6787), and the same two calls on the API's port."""
import pytest

ACCESS = [{"username": "u", "password": "p", "roles": ["write"]}]


@pytest.mark.parametrize("port", ["directory", "api"])
def test_version_and_nodes(serve, port):
    dunlin = serve(workers=2, top={"node": {"workers": 2, "name": "push-1"}})
    dunlin.connect()
    dunlin.wait_metric("dunlin_connections", 1)
    asked = getattr(dunlin, port)
    version = asked.get("/version").body
    assert version["apis"] == ["v1"] and version["name"] == "dunlin" and version["version"]
    node, = asked.get("/v1/nodes").body["nodes"]
    assert node["api_server"] == f"127.0.0.1:{dunlin.api.port}"
    assert (node["name"], node["workers"], node["version"]) == ("push-1", 2, version["version"])
    assert isinstance(node["id"], str) and node["id"] and isinstance(node["started_at"], int)
    assert asked.get("/v1/nodes").body["nodes"][0]["id"] == node["id"]


def test_it_needs_no_password_and_serves_nothing_else(serve):
    dunlin = serve(api={"access": ACCESS})
    assert dunlin.directory.get("/version").status == dunlin.directory.get("/v1/nodes").status == 200
    assert dunlin.api.get("/version").status == 401
    for method, path in [("POST", "/v1/mesh/publish"), ("POST", "/v1/mesh/send"), ("POST", "/v1/conn/call"),
                         ("POST", "/v1/queue/push"), ("GET", "/metrics"), ("GET", "/ws/v1"), ("GET", "/"), ("GET", "/v1/nodes/")]:
        answer = dunlin.directory.call(method, path, "{}")
        assert (answer.status, answer.body["E"]["c"]) == (404, 404), path
    for path in ["/version", "/v1/nodes"]:
        answer = dunlin.directory.post(path, "{}")
        assert answer.status == 405 and "GET" in answer.headers["Allow"]


def test_while_draining_it_takes_the_node_out(serve):
    dunlin = serve(top={"shutdown": "20s"})
    # A WebSocket that does not answer the server's Close holds the drain up.
    slow = dunlin.raw_backend()
    dunlin.terminate()
    assert slow.recv_close() == 1001
    assert dunlin.directory.get("/v1/nodes").status == 503
    slow.close()
    assert dunlin.wait_exit() == 0
