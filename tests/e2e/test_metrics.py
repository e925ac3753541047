# SPDX-License-Identifier: Apache-2.0
"""GET /metrics after traffic: every family is there, well-formed, and says what happened."""
import json

import pytest

# By type. The modules' own are behind.
FAMILIES = {
    "counter": [
        "dunlin_connections_accepted_total", "dunlin_sessions_opened_total", "dunlin_received_bytes_total",
        "dunlin_sent_bytes_total", "dunlin_messages_received_total", "dunlin_messages_sent_total", "dunlin_publishes_total",
        "dunlin_deliveries_total", "dunlin_writes_total", "dunlin_drops_total", "dunlin_refused_total", "dunlin_closes_total", "dunlin_stale_calls_total",
        "dunlin_reloads_total", "dunlin_mails_total", "dunlin_wake_ups_total",
        "dunlin_compression_agreed_total", "dunlin_compressed_messages_total",
        "dunlin_compressed_bytes_total", "dunlin_inflated_messages_total",
        "dunlin_logins_total", "dunlin_auth_outcomes_total", "dunlin_late_answers_total", "dunlin_slow_hooks_total",
        "dunlin_api_answers_total", "dunlin_api_login_failures_total",
        "dunlin_api_unknown_fields_total", "dunlin_api_socket_requests_total", "dunlin_api_socket_refused_total", "dunlin_api_sockets_closed_total",
        "dunlin_queue_pushes_total", "dunlin_queue_pops_total", "dunlin_queue_events_total", "dunlin_queue_returned_total",
        "dunlin_queue_refused_total", "dunlin_queue_lost_total", "dunlin_queue_late_total",
        "dunlin_lua_runs_total", "dunlin_lua_errors_total", "dunlin_lua_stopped_total", "dunlin_lua_reloads_total",
        "dunlin_lua_reload_failures_total", "dunlin_jwt_auth_tokens_total", "dunlin_jwt_auth_jwks_readings_total",
        "dunlin_http_auth_requests_total",
        "dunlin_http_auth_retries_total", "dunlin_http_auth_results_total", "dunlin_http_auth_breaker_opened_total",
        "dunlin_http_auth_breaker_refused_total", "dunlin_http_auth_cache_hits_total", "dunlin_http_auth_cache_misses_total",
        "dunlin_http_auth_joins_total",
    ],
    "gauge": [
        "dunlin_held_workers", "dunlin_connections", "dunlin_sessions", "dunlin_channels", "dunlin_subscriptions", "dunlin_outbox_bytes",
        "dunlin_outboxes_waiting", "dunlin_tickets_pending", "dunlin_module_instances", "dunlin_generation", "dunlin_generations", "dunlin_lua_memory_bytes", "dunlin_lua_waiting",
        "dunlin_http_auth_breaker_state",
        "dunlin_api_sockets", "dunlin_queue_topics", "dunlin_queue_consumers", "dunlin_queue_messages",
        "dunlin_queue_underway", "dunlin_queue_remote_consumers",
    ],
    "histogram": ["dunlin_hook_duration_seconds"],
}


@pytest.fixture
def busy(serve, backend):
    """A server after a little of everything: two users, a push, a refusal, one who left."""
    asked = backend(lambda request: (200, {"uid": 7}))
    dunlin = serve(auth=["jwt-auth", "http-auth"], modules={"http-auth": {"url": asked.url}})
    dunlin.ann, dunlin.bob = dunlin.login(uid=1).subscribe("@user"), dunlin.connect().auth("opaque").subscribe("@user")
    dunlin.api.publish("user:1", "x" * 100)
    dunlin.ann.recv()
    dunlin.refused("/nowhere")
    dunlin.connect().close()
    dunlin.wait_metric("dunlin_sessions", 2)
    return dunlin


def test_every_family_is_there_with_its_type_and_help(busy):
    metrics = busy.api.metrics()
    for kind, names in FAMILIES.items():
        for name in names:
            assert metrics.types.get(name) == kind, name
            assert len(metrics.help[name]) > 5, name
    assert set(metrics.types) == {name for names in FAMILIES.values() for name in names}  # a new one has its line here


def test_the_format(busy):
    answer = busy.api.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    metrics = busy.api.metrics()
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in metrics.samples]
    assert len(series) == len(set(series))  # none twice
    assert all(sample.value >= 0 for sample in metrics.samples)


def test_a_histogram_adds_up(busy):
    metrics = busy.api.metrics()
    name = "dunlin_hook_duration_seconds"
    rows = {tuple(sorted(s.labels.items())) for s in metrics.samples if s.name == name + "_count"}
    assert rows
    for row in rows:
        labels = dict(row)
        buckets = [(float(s.labels["le"]), s.value) for s in metrics.samples
                   if s.name == name + "_bucket" and labels.items() <= s.labels.items()]
        assert [count for _, count in sorted(buckets)] == sorted(count for _, count in buckets)
        assert max(buckets) == (float("inf"), metrics.value(name + "_count", **labels))
    # The handler ran for two auths, two subscribes, and whoever asked for nothing ran nothing.
    assert metrics.value(name + "_count", module="lua", hook="message") == 4


def test_the_figures_say_what_happened(busy):
    value = busy.api.metrics().value
    assert value("dunlin_connections") == 2
    assert value("dunlin_sessions", state="ready") == 2
    assert value("dunlin_sessions_opened_total") == 3
    assert value("dunlin_connections_accepted_total") == 4
    assert value("dunlin_refused_total", reason="no_such_endpoint") == 1
    assert value("dunlin_closes_total", reason="by_peer") == 1
    assert value("dunlin_messages_received_total") == 4
    assert value("dunlin_messages_sent_total") == 5
    assert value("dunlin_logins_total") == 2
    assert value("dunlin_auth_outcomes_total", module="jwt-auth", outcome="allow") == 1
    assert value("dunlin_auth_outcomes_total", module="jwt-auth", outcome="pass") == 1
    assert value("dunlin_auth_outcomes_total", module="http-auth", outcome="allow") == 1
    assert value("dunlin_http_auth_requests_total") == 1
    assert value("dunlin_channels") == value("dunlin_subscriptions") == 2
    assert value("dunlin_publishes_total") == value("dunlin_deliveries_total") == 1
    assert value("dunlin_drops_total") == value("dunlin_outbox_bytes") == value("dunlin_tickets_pending") == 0
    assert value("dunlin_received_bytes_total") > 100 and value("dunlin_sent_bytes_total") > 100
    assert value("dunlin_lua_memory_bytes") > 10_000
    assert value("dunlin_api_answers_total", status="200") >= 1


def test_per_worker_where_it_helps(busy):
    for name in ("dunlin_connections", "dunlin_outbox_bytes", "dunlin_lua_memory_bytes"):
        workers = [s.labels.get("worker") for s in busy.api.metrics().samples if s.name == name]
        assert sorted(workers) == ["0", "1"], name


def test_bytes_are_counted(serve):
    dunlin = serve(auth=[], script="function on_message(msg) mix.websocket():send(msg.data) end")
    client = dunlin.connect()
    client.send("x" * 1000)
    client.recv()
    assert dunlin.metric("dunlin_received_bytes_total") == 1000
    assert dunlin.metric("dunlin_sent_bytes_total") == 1004  # its header, too


def test_any_worker_gives_the_whole(busy):
    seen = {json.dumps([busy.api.metrics().value("dunlin_sessions_opened_total"), busy.api.metrics().value("dunlin_logins_total")])
            for _ in range(20)}
    assert seen == {"[3.0, 2.0]"}
