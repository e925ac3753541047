# SPDX-License-Identifier: Apache-2.0
"""mix.redis against a real server: replies, pipelining, time-outs, a server that goes and comes back."""
import json

import pytest

from harness.redis import Redis

# Answers an expression of Lua, in which `redis` is the connection, by its value, its type and the error.
EVALUATE = r"""
function on_message(msg)
  local redis = mix.redis.connection("default")
  local v, err = assert(load("local redis = ... return " .. msg.data))(redis)
  mix.websocket():send(mix.json_encode({ v = v, err = err, t = math.type(v) or type(v) }))
end
"""


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.kill()


def configured(url, **more):
    return {"redis": [{"name": "default", "url": url} | more]}


@pytest.fixture
def start(serve, redis):
    def starts(url=None, workers=1, **more):
        return serve(workers=workers, auth=[], script=EVALUATE, top=configured(url or redis.url(), **more))
    return starts


def ask(client, expression):
    client.send(expression)
    return json.loads(client.recv())


def value(client, expression):
    answer = ask(client, expression)
    assert "err" not in answer, answer
    return answer.get("v")


def error(client, expression):
    answer = ask(client, expression)
    assert "v" not in answer, answer
    return answer["err"]


def test_every_kind_of_reply(start):
    client = start().connect()
    assert value(client, "redis:command('SET', 'k', 'v')") == "OK"
    assert value(client, "redis:command('GET', 'k')") == "v"
    assert ask(client, "redis:command('GET', 'none')") == {"t": "nil"}
    assert ask(client, "redis:command('INCR', 'n')") == {"v": 1, "t": "integer"}
    assert value(client, "redis:command('RPUSH', 'l', 1, 2.5, '3')") == 3
    assert value(client, "redis:command('LRANGE', 'l', 0, -1)") == ["1", "2.5", "3"]
    assert value(client, "redis:command('MGET', 'k', 'none', 'k')") == ["v", None, "v"]
    assert value(client, "redis:command('EVAL', 'return {1, {2, {3}}}', 0)") == [1, [2, [3]]]
    assert "WRONGTYPE" in error(client, "redis:command('INCR', 'l')")
    assert "unknown command" in error(client, "redis:command('NOSUCH')")


def test_integers_keep_every_digit(start):
    client = start().connect()
    assert value(client, "redis:command('SET', 'n', 1463786910324359168)") == "OK"
    assert value(client, "redis:command('INCR', 'n')") == 1463786910324359169
    assert value(client, "redis:command('SET', 'n', 9223372036854775806)") == "OK"
    assert value(client, "redis:command('INCR', 'n') == math.maxinteger") is True


def test_bytes_come_back_as_they_went(start):
    client = start().connect()
    assert value(client, r"redis:command('SET', 'b', '\0\r\n\255')") == "OK"
    assert value(client, r"redis:command('GET', 'b') == '\0\r\n\255'") is True
    assert value(client, "redis:command('SET', 'big', string.rep('x', 20000000))") == "OK"
    assert value(client, "#redis:command('GET', 'big')") == 20_000_000


def test_wrong_calls_are_errors_of_the_script(start):
    dunlin = start()
    for call in ("redis:command()", "redis:command('')", "redis:command({})", "redis:command('GET', {})",
                 "redis:command('GET', true)", "redis:command('GET', nil)", "mix.redis.connection()", "mix.redis.push()",
                 "mix.redis.push('t')", "redis.command('GET', 'k')"):
        client = dunlin.connect()
        client.send(call)
        client.expect_close(1011)


def test_an_unknown_name_and_commands_for_a_connection_of_ones_own(start):
    client = start().connect()
    assert error(client, "mix.redis.connection('other')") == 'the configuration names no Redis server "other"'
    for name in ("MULTI", "subscribe", "SELECT", "client"):
        assert "shared" in error(client, f"redis:command('{name}', '1')")


def test_push_puts_data_before_a_list(start, redis):
    client = start().connect()
    assert value(client, "mix.redis.push('topic', 'first')") == 1
    assert value(client, "mix.redis.push('topic', {a = 1})") == 2
    assert value(client, "redis:command('RPOP', 'topic')") == "first"
    assert value(client, "redis:command('RPOP', 'topic')") == '{"a":1}'


def test_one_handler_waits_and_others_go_on(start):
    dunlin = start(timeout="10s")
    slow, quick = dunlin.connect(), dunlin.connect()
    slow.send("redis:command('BLPOP', 'gate', 0)[2]")
    slow.send("'behind'")
    dunlin.wait_metric("dunlin_sessions", 1, state="handling")
    assert value(quick, "redis:command('PING')") == "PONG"
    assert value(quick, "redis:command('RPUSH', 'gate', 'open')") == 1
    assert [json.loads(slow.recv())["v"], json.loads(slow.recv())["v"]] == ["open", "behind"]


def test_a_command_may_take_longer_than_the_routers_deadline(serve, redis):
    dunlin = serve(workers=1, auth=[], script=EVALUATE, top=configured(redis.url(), timeout="60s"),
                   router={"module": "lua", "entry": "router.lua", "deadline": "300ms"})
    waits, stalls, quick = dunlin.connect(), dunlin.connect(), dunlin.connect()
    waits.send("redis:command('BLPOP', 'gate', 0)[2]")
    dunlin.wait_metric("dunlin_sessions", 1, state="handling")
    stalls.send("mix.sleep(3600000)")  # begins later, and is ended by the deadline: by then it has passed for the other, too
    stalls.expect_close(1011)
    assert value(quick, "redis:command('RPUSH', 'gate', 'open')") == 1
    assert json.loads(waits.recv())["v"] == "open"


def test_many_handlers_share_few_connections(start, redis):
    dunlin = start(pool=2)
    clients = [dunlin.connect() for _ in range(50)]
    for client in clients:
        client.send("redis:command('INCR', 'count')")
    assert sorted(json.loads(client.recv())["v"] for client in clients) == list(range(1, 51))
    assert dunlin.metric("dunlin_redis_connections", server="default") <= 2
    assert dunlin.metric("dunlin_redis_commands_total", server="default", outcome="answered") == 50


def test_a_server_that_is_not_there_fails_at_once_and_is_found_when_it_comes(start, redis):
    dunlin = start()
    client = dunlin.connect()
    assert value(client, "redis:command('PING')") == "PONG"
    redis.kill()
    assert "closed the connection" in (said := error(client, "redis:command('PING')")) or "refused" in said or "lost" in said
    for _ in range(20):
        assert error(client, "redis:command('PING')")
    assert dunlin.metric("dunlin_redis_commands_total", outcome="unavailable") == 21
    redis.start()
    while "err" in (answer := ask(client, "redis:command('PING')")):
        pass
    assert answer["v"] == "PONG"
    dunlin.wait_logged("Redis is back", name="default")
    assert len(dunlin.logged("Redis cannot be reached")) == 1


def test_a_command_under_way_when_the_server_dies_fails(start, redis):
    dunlin = start()
    client = dunlin.connect()
    client.send("redis:command('BLPOP', 'never', 0)")
    dunlin.wait_metric("dunlin_redis_connections", 1)
    while b"blocked_clients:1" not in redis.raw(b"INFO clients\r\n"):
        pass
    redis.kill()
    assert "closed the connection" in json.loads(client.recv())["err"]


def test_a_server_that_does_not_answer_is_given_up_and_taken_up_again(start, redis):
    dunlin = start(timeout="500ms", pool=1)
    client = dunlin.connect()
    assert value(client, "redis:command('SET', 'k', 'before')") == "OK"
    redis.suspend()
    try:
        assert "in time" in error(client, "redis:command('GET', 'k')")
        assert error(client, "redis:command('GET', 'k')")
    finally:
        redis.resume()
    while "err" in (answer := ask(client, "redis:command('GET', 'k')")):
        pass
    assert answer["v"] == "before"
    assert dunlin.metric("dunlin_redis_commands_total", outcome="timeout") >= 1


def test_a_late_reply_is_not_taken_for_anothers(start):
    dunlin = start(timeout="500ms", pool=1)
    slow, other = dunlin.connect(), dunlin.connect()
    slow.send("redis:command('DEBUG', 'SLEEP', '1')")
    other.send("redis:command('ECHO', 'mine')")
    assert "in time" in json.loads(slow.recv())["err"]
    json.loads(other.recv())
    while "err" in (answer := ask(other, "redis:command('ECHO', 'right')")):
        pass
    assert answer["v"] == "right"


def test_log_in_and_database(serve, tmp_path):
    server = Redis(tmp_path, "--requirepass", "p@ss:word")
    try:
        dunlin = serve(workers=1, auth=[], script=EVALUATE, top=configured(server.url(":p%40ss%3Aword@", 3)))
        client = dunlin.connect()
        assert value(client, "redis:command('SET', 'k', 'in three')") == "OK"
        assert "db3" in value(client, "redis:command('INFO', 'keyspace')")
        for url in (server.url(":wrong@"), server.url()):
            refused = serve(workers=1, auth=[], script=EVALUATE, top=configured(url))
            said = error(refused.connect(), "redis:command('GET', 'k')")
            assert "WRONGPASS" in said or "NOAUTH" in said
            assert "wrong" not in refused.log_text().replace("WRONGPASS", "")
    finally:
        server.kill()


def test_a_database_that_there_is_not(start, redis):
    assert "out of range" in error(start(redis.url(database=99)).connect(), "redis:command('GET', 'k')")


def test_a_name_is_looked_up(start, redis):
    client = start(f"redis://localhost:{redis.port}").connect()
    assert value(client, "redis:command('PING')") == "PONG"
    nowhere = start("redis://no-such-host.invalid").connect()
    assert "no address" in error(nowhere, "redis:command('PING')")
