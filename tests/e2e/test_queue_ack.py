# SPDX-License-Identifier: Apache-2.0
"""queue.pop with "ack": a message is the topic's until it is acknowledged."""
import pytest


@pytest.fixture
def pushed(serve):
    def start(count, **options):
        dunlin = serve(**options)
        pusher = dunlin.backend()
        pusher.result("queue.push", [{"t": "t", "d": str(number)} for number in range(count)])
        return dunlin, pusher
    return start


def test_an_acknowledged_message_is_gone(pushed):
    dunlin, _ = pushed(3)
    consumer = dunlin.backend()
    assert consumer.result("queue.pop", {"t": ["t"], "ack": True}) == {"s": True}
    events = [consumer.event() for _ in range(3)]
    assert [event["d"] for event in events] == ["0", "1", "2"]
    assert consumer.result("queue.ack", {"id": events[0]["id"]}) == {"s": True}
    assert consumer.result("queue.ack", {"id": [int(events[1]["id"]), events[2]["id"]]}) == {"s": True}
    assert dunlin.metric("dunlin_queue_messages") == 0
    assert consumer.error("queue.ack", {"id": events[0]["id"]}) == 205


def test_without_ack_events_carry_no_id(pushed):
    dunlin, _ = pushed(1)
    consumer = dunlin.backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": False})
    assert "id" not in consumer.event()
    assert consumer.error("queue.ack", {"id": "1"}) == 205


@pytest.mark.parametrize("leave", ["close", "unpop"])
def test_what_was_not_acknowledged_goes_to_another(pushed, leave):
    dunlin, _ = pushed(3)
    first, second = dunlin.backend(), dunlin.backend()
    first.result("queue.pop", {"t": ["t"], "ack": True})
    events = [first.event() for _ in range(3)]
    first.result("queue.ack", {"id": events[1]["id"]})
    second.result("queue.pop", {"t": ["t"], "ack": True})
    first.close() if leave == "close" else first.result("queue.unpop")
    again = [second.event(), second.event()]
    assert [(event["d"], event["id"]) for event in again] == [("0", events[0]["id"]), ("2", events[2]["id"])]


def test_after_the_deadline_it_goes_to_another(pushed):
    dunlin, _ = pushed(1, top={"queue": {"ack": "2s"}})
    first, second = dunlin.backend(), dunlin.backend()
    first.result("queue.pop", {"t": ["t"], "ack": True})
    event = first.event()
    second.result("queue.pop", {"t": ["t"], "ack": True})
    again = second.event()
    assert again["id"] == event["id"]
    assert second.result("queue.ack", {"id": again["id"]}) == {"s": True}
    assert first.error("queue.ack", {"id": event["id"]}) == 205
    assert dunlin.metric("dunlin_queue_returned_total", reason="not_acknowledged") >= 1


def test_a_consumer_that_has_more_than_it_can_do_gets_done(pushed):
    """What it does not come to in time is not sent to it again and again, behind all that it has already."""
    dunlin, _ = pushed(1000, top={"queue": {"ack": "300ms"}})
    consumer = dunlin.backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    consumer.acknowledge_each(1000)
    assert dunlin.metric("dunlin_queue_messages") == 0


@pytest.mark.parametrize("id", ["0", "1", 9223372036854775807, "4611686018427387904"])
def test_acknowledging_what_never_was(dunlin, id):
    consumer = dunlin.backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    assert consumer.error("queue.ack", {"id": id}) == 205
