# SPDX-License-Identifier: Apache-2.0
"""The WebSocket API (/ws/v1): each method, and how answers are matched."""
import json

import pytest


def test_publish_and_send(dunlin):
    phone, laptop = dunlin.login(1001).subscribe("@user"), dunlin.login(1001).subscribe("@user")
    backend = dunlin.backend()
    assert backend.result("mesh.publish", {"c": "user:1001", "d": "hi"}) == {"s": 2, "f": 0}
    assert phone.recv() == laptop.recv() == "hi"
    assert backend.result("mesh.publish", {"c": "user:1001", "d": "AAH/", "t": "binary"}) == {"s": 2, "f": 0}
    assert phone.recv() == laptop.recv() == b"\x00\x01\xff"
    assert backend.error("mesh.send", {"c": "123", "d": "hi"}) == 401


def test_a_batch_is_answered_by_a_list(dunlin):
    client = dunlin.login(1001).subscribe("@user")
    backend = dunlin.backend()
    batch = [{"c": "user:1001", "d": "one"}, {"c": "nobody", "d": "x"}, {"c": "user:1001", "d": "two"}]
    expected = [{"s": 1, "f": 0}, {"s": 0, "f": 0}, {"s": 1, "f": 0}]
    assert backend.result("mesh.publish", batch) == expected
    assert dunlin.api.post("/v1/mesh/publish", batch).body == {"E": None, "r": expected}
    assert client.recv_many(4) == ["one", "two", "one", "two"]
    assert backend.result("mesh.publish", []) == []


def test_a_batch_with_a_fault_publishes_nothing(dunlin):
    client = dunlin.login(1001).subscribe("@user")
    batch = [{"c": "user:1001", "d": "one"}, {"c": "user:1001"}]
    answer = dunlin.backend().ask("mesh.publish", batch)
    assert answer == {"E": {"c": 101, "m": '[1]: "d" is missing'}}
    assert dunlin.api.post("/v1/mesh/publish", batch).status == 400
    assert client.nothing_waits()


@pytest.mark.parametrize("given", ["null", '"a"', '"\\u00e9\\n"', "0", "-1", "9223372036854775807", "-9223372036854775808"])
def test_the_answer_carries_the_same_i(dunlin, given):
    backend = dunlin.backend()
    backend.send('{"m":"mesh.publish","p":{"c":"a","d":"b"},"i":%s}' % given)
    answer = backend.recv()
    assert json.loads(answer) == {"E": None, "r": {"s": 0, "f": 0}, "i": json.loads(given)}
    assert given.startswith('"') or answer.endswith(f'"i":{given}}}')


def test_ping_is_answered_by_pong(dunlin):
    backend = dunlin.backend()
    backend.send("ping")
    assert backend.recv() == "pong"


def test_pipelined_requests_are_all_answered(dunlin):
    client = dunlin.login(1001).subscribe("@user")
    backend = dunlin.backend()
    count = 3000
    for number in range(count):
        backend.send('{"m":"mesh.publish","p":{"c":"user:1001","d":"%d"},"i":%d}' % (number, number))
    answers = [json.loads(message) for message in backend.recv_many(count)]
    assert sorted(answer["i"] for answer in answers) == list(range(count))
    assert all(answer["r"] == {"s": 1, "f": 0} for answer in answers)
    assert client.recv_many(count) == [str(number) for number in range(count)]


@pytest.mark.parametrize("frame", [
    "", "{", "nonsense", "[]", "1", "null", '"m"', "{}", '{"m":1}', '{"m":"mesh.nothing"}', '{"m":"mesh.publish"}',
    '{"m":"mesh.publish","p":1}', '{"m":"mesh.publish","p":{}}', '{"m":"mesh.publish","p":{"c":1,"d":"x"}}',
    '{"m":"mesh.publish","p":{"c":"a","d":1}}', '{"m":"mesh.publish","p":{"c":"","d":"x"}}',
    '{"m":"mesh.publish","p":{"c":"a","d":"x","t":"image"}}', '{"m":"mesh.publish","p":{"c":"a","d":"!","t":"binary"}}',
    '{"m":"mesh.publish","p":[1]}', '{"m":"mesh.send","p":{"c":"x","d":"x"}}', '{"m":"mesh.send","p":{"c":"-1","d":"x"}}',
    '{"m":"mesh.send","p":{"c":9223372036854775808,"d":"x"}}', '{"m":"queue.pop"}', '{"m":"queue.pop","p":[]}',
    '{"m":"queue.pop","p":{"t":"a"}}', '{"m":"queue.pop","p":[1]}', '{"m":"queue.pop","p":[""]}',
    '{"m":"queue.pop","p":{"t":["a"],"ack":1}}', '{"m":"queue.ack","p":{}}', '{"m":"queue.ack","p":{"id":"x"}}',
    '{"m":"queue.push","p":{"t":"a"}}', '{"m":"queue.push","p":{"d":"a"}}', '{"m":"conn.call","p":{}}',
    '{"m":"conn.call","p":{"c":"1"}}', '{"m":"conn.call","p":{"c":"1","f":"explode"}}',
    '{"m":"conn.call","p":{"c":"1","f":"subscribe","a":{}}}', '{"m":"conn.call","p":{"c":"1","f":"subscribe","a":[]}}',
    '{"m":"conn.call","p":{"c":"1","f":"set_context_value","a":["k"]}}', '{"m":"conn.call","p":{"c":"1","f":"set_context","a":[1]}}',
    '{"m":"conn.call","p":{"c":"1","f":"close","a":[99]}}', b'{"m":"mesh.publish","p":{"c":"a","d":"b"}}',
], ids=str)
def test_a_bad_request_is_told_what_is_wrong(dunlin, frame):
    backend = dunlin.backend()
    backend.send(frame)
    answer = json.loads(backend.recv())
    assert answer["E"]["c"] == 101 and answer["E"]["m"] and answer["i"] is None
    assert backend.is_alive()


@pytest.mark.parametrize("given", ["1.5", "[1]", "{}", "true", "18446744073709551615"])
def test_an_i_that_cannot_be_given_back(dunlin, given):
    backend = dunlin.backend()
    backend.send('{"m":"mesh.publish","p":{"c":"a","d":"b"},"i":%s}' % given)
    answer = json.loads(backend.recv())
    assert answer["E"]["c"] == 101 and '"i"' in answer["E"]["m"] and answer["i"] is None


def test_a_member_that_is_given_twice_is_refused_by_its_i(dunlin):
    backend = dunlin.backend()
    backend.send('{"m":"mesh.publish","m":"queue.push","p":{"c":"a","d":"b"},"i":7}')
    answer = json.loads(backend.recv())
    assert answer["E"] == {"c": 101, "m": '"m" is given twice'} and answer["i"] == 7


def test_drain_closes_1001(dunlin):
    backend = dunlin.backend()
    assert backend.is_alive()
    dunlin.terminate()
    backend.expect_close(1001)
    assert dunlin.wait_exit() == 0
