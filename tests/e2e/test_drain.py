# SPDX-License-Identifier: Apache-2.0
"""SIGTERM drains: nobody new is let in, everybody is sent away with 1001, nothing that was accepted is lost."""
import signal

import pytest

from harness.raw import CLOSE, TEXT, request, upgrade
from harness.waiting import Stopwatch, until


def accepts(dunlin):
    try:
        dunlin.stream().close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_clients_are_sent_away_and_the_exit_code_is_0(dunlin, sign):
    clients = [dunlin.login(uid=i).subscribe("@user") for i in range(1, 30)]
    dunlin.process.send_signal(sign)
    for client in clients:
        client.expect_close(1001)
    assert dunlin.wait_exit() == 0
    assert dunlin.logged("draining") and dunlin.logged("stopped")[0]["connections_cut"] == 0


def test_with_nobody_there_it_ends_at_once(serve):
    dunlin = serve(top={"shutdown": "10s"})
    with Stopwatch() as watch:
        dunlin.terminate()
        assert dunlin.wait_exit() == 0
    assert watch.seconds < 5


@pytest.fixture
def draining(serve):
    """A server that is held up by a client which does not answer its Close frame; and that client."""
    dunlin = serve(top={"shutdown": "20s"})
    client = dunlin.raw()
    dunlin.terminate()
    assert client.recv_close() == 1001
    return dunlin, client


def test_while_it_drains(draining):
    dunlin, _ = draining
    until(lambda: not accepts(dunlin), "every worker has closed its listening socket")
    for path in ("publish", "send"):
        answer = dunlin.api.post(f"/v1/mesh/{path}", {"c": "1", "d": "x"})
        assert (answer.status, answer.body["E"]["c"]) == (503, 503)
        assert int(answer.headers["Retry-After"]) > 0
    assert dunlin.process.poll() is None


def test_a_load_balancer_sees_it(draining):
    dunlin, _ = draining
    assert dunlin.api.get("/version").status == dunlin.directory.get("/version").status == 503
    assert dunlin.metric("dunlin_closes_total", reason="draining") == 1  # figures are served to the end


def test_idle_connections_to_the_api_are_let_go(serve):
    dunlin = serve(workers=1, top={"shutdown": "20s"})
    api, client = dunlin.stream(dunlin.api.port), dunlin.raw()
    api.send(request("GET", "/version"))
    assert api.response().status == 200
    dunlin.terminate()
    assert client.recv_close() == 1001
    assert api.ended()


def test_a_client_that_does_not_answer_is_cut(draining):
    dunlin, client = draining
    with Stopwatch() as watch:
        assert client.ended()
        assert dunlin.wait_exit() == 0
    assert watch.seconds < 15  # long before `shutdown`


def test_a_second_signal_stops_at_once(draining):
    dunlin, client = draining
    with Stopwatch() as watch:
        dunlin.terminate()
        assert dunlin.wait_exit() == 0
    assert watch.seconds < 2.5  # the client would have been given 3 s
    assert client.ended()


def test_what_was_published_before_is_delivered(dunlin):
    clients = [dunlin.login(uid=1001).subscribe("@user") for _ in range(10)]
    for i in range(20):
        assert dunlin.api.publish("user:1001", f"{i}".ljust(20_000)) == {"s": 10, "f": 0}
    dunlin.terminate()
    for client in clients:
        assert [text.strip() for text in client.recv_many(20)] == [f"{i}" for i in range(20)]
        client.expect_close(1001)
    assert dunlin.wait_exit() == 0


def test_what_waits_for_a_slow_reader_goes_before_the_close(serve):
    dunlin = serve(limits={"outbox": "8MiB"}, top={"shutdown": "10s"})
    slow = dunlin.raw(receive_buffer=4096)
    for op in ('{"op":"auth","token":"%s"}' % dunlin.token(1001), '{"op":"subscribe","channel":"@user"}'):
        slow.send_text(op)
        slow.recv_text()
    for i in range(60):
        dunlin.api.publish("user:1001", f"{i}".ljust(60_000))
    dunlin.terminate()
    dunlin.wait_logged("draining")
    got = []
    while (frame := slow.recv_frame()).opcode == TEXT:
        got.append(frame.payload.decode().strip())
    assert got == [f"{i}" for i in range(60)]
    assert frame.opcode == CLOSE
    slow.close()
    assert dunlin.wait_exit() == 0


def test_an_api_call_under_way_is_answered(serve):
    """It has begun before the signal, and ends after it."""
    dunlin = serve(workers=1)
    holds = dunlin.raw()
    body = b'{"c":"user:1001","d":"x"}'
    api = dunlin.stream(dunlin.api.port)
    api.send(request("POST", "/v1/mesh/publish", body, headers=["Expect: 100-continue"])[:-len(body)])
    assert api.response().status == 100
    dunlin.terminate()
    assert holds.recv_close() == 1001
    api.send(body)
    assert api.response().status == 503
    assert api.ended()


def test_handshakes_under_way_are_refused_or_sent_away(dunlin):
    streams = [dunlin.stream() for _ in range(4)]
    for stream in streams:
        stream.send(upgrade()[:30])
    until(lambda: dunlin.metric("dunlin_connections") == 4, "they are accepted")
    dunlin.terminate()
    for stream in streams:
        assert stream.ended()
    assert dunlin.wait_exit() == 0
