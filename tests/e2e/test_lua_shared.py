# SPDX-License-Identifier: Apache-2.0
"""mix.shared: what one worker counts, all workers see."""

COUNTS = """
function on_message(msg)
  mix.websocket():send(tostring(mix.shared.incr("messages")))
end
"""


def test_a_counter_of_all_workers(serve):
    dunlin = serve(script=COUNTS, auth=[], workers=4)
    clients = [dunlin.connect() for _ in range(16)]
    for client in clients:
        client.send("one")
    assert sorted(int(client.recv()) for client in clients) == list(range(1, 17))
