// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

namespace dunlin {
namespace {

using Seen = std::vector<std::string>;

TEST_F(Scene, a_life_from_open_to_close) {
  Session& session = connect();
  const ClientId id = session.id();
  EXPECT_EQ(session.step(), Step::ready);
  session.on_message(Kind::text, "hello");
  session.on_transport_closed(CloseReason::by_peer, 1000);
  end_turn();
  EXPECT_EQ(script.seen, (Seen{"open", "message hello", "cancel", "close 1000"}));
  EXPECT_EQ(table.find(id), nullptr);
  EXPECT_EQ(figure("dunlin_closes_total", "by_peer"), 1);
}

TEST_F(Scene, a_denied_open_is_owed_no_close_hook) {
  script.open = RouterOutcome::deny;
  connect();
  end_turn();
  EXPECT_EQ(script.seen, (Seen{"open", "cancel"}));
  EXPECT_EQ(transport.finished, 1008);
}

TEST_F(Scene, a_router_that_fails_closes_with_1011) {
  Session& session = connect();
  script.message = RouterOutcome::fault;
  session.on_message(Kind::text, "x");
  end_turn();
  EXPECT_EQ(transport.finished, 1011);
  EXPECT_EQ(script.seen.back(), "close 1011");
}

TEST_F(Scene, messages_wait_while_one_is_handled_and_keep_their_order) {
  Session& session = connect();
  script.message = std::nullopt;
  session.on_message(Kind::text, "1");
  EXPECT_FALSE(transport.paused);  // who closes now is heard
  session.on_message(Kind::text, "2");
  EXPECT_TRUE(transport.paused);
  session.on_message(Kind::text, "3");
  EXPECT_EQ(script.seen, (Seen{"open", "message 1"}));
  script.message = RouterOutcome::proceed;
  session.router_answered(RouterOutcome::proceed);
  EXPECT_EQ(script.seen, (Seen{"open", "message 1", "message 2", "message 3"}));
  EXPECT_FALSE(transport.paused);
  EXPECT_EQ(session.step(), Step::ready);
}

TEST_F(Scene, a_websocket_is_read_until_one_message_waits) {
  Session& session = connect();
  script.message = std::nullopt;
  for (const char* text : {"1", "2", "3"}) session.on_message(Kind::text, text);
  session.router_answered(RouterOutcome::proceed);
  EXPECT_TRUE(transport.paused);  // for 3, while 2 is handled
  session.router_answered(RouterOutcome::proceed);
  EXPECT_FALSE(transport.paused);
  EXPECT_EQ(session.step(), Step::handling);
}

TEST_F(Scene, a_raw_connection_is_not_read_while_a_packet_is_handled) {
  transport.speaks = Protocol::socket;
  Session& session = connect();
  script.message = std::nullopt;
  session.on_message(Kind::binary, "1");
  EXPECT_TRUE(transport.paused);
  session.router_answered(RouterOutcome::proceed);
  EXPECT_FALSE(transport.paused);
}

TEST_F(Scene, no_message_is_handed_over_before_open_is_answered) {
  script.open = std::nullopt;
  Session& session = connect();
  session.on_message(Kind::text, "early");
  EXPECT_EQ(script.seen, Seen{"open"});
  session.router_answered(RouterOutcome::proceed);
  EXPECT_EQ(script.seen, (Seen{"open", "message early"}));
}

TEST_F(Scene, unhandled_messages_are_counted_when_the_connection_goes) {
  Session& session = connect();
  script.message = std::nullopt;
  session.on_message(Kind::text, "1");
  session.on_message(Kind::text, "2");
  session.on_transport_closed(CloseReason::lost);
  EXPECT_EQ(counters.get(Counter::drop_inbound), 2u);
}

TEST_F(Scene, a_hook_may_close_its_own_connection) {
  Session& session = connect();
  script.on_message = [&](ClientId id) { table.find(id)->close(CloseReason::by_module, 1003, "text only"); };
  session.on_message(Kind::text, "x");
  EXPECT_EQ(transport.finished, 1003);
  EXPECT_EQ(script.seen.back(), "message x");  // the close hook never runs inside another
  end_turn();
  EXPECT_EQ(script.seen.back(), "close 1003");
}

TEST_F(Scene, log_in_sets_uid_context_and_channels) {
  Session& session = connect();
  LoginAnswer answer = allowed("1463786910324359168");
  answer.identity.context = {{"name", "\"Ann\""}};
  answer.identity.channels = {"user:1463786910324359168"};
  script.login = answer;
  dunlin_verdict verdict = DUNLIN_PASS;
  EXPECT_EQ(session.authenticate("t", DUNLIN_LOGIN_MESSAGE, [&](dunlin_verdict v, dunlin_status) { verdict = v; }), DUNLIN_OK);
  EXPECT_EQ(verdict, DUNLIN_PASS);  // never from inside the call
  run_until([&] { return verdict != DUNLIN_PASS; });
  EXPECT_EQ(verdict, DUNLIN_ALLOW);
  EXPECT_EQ(session.context().all(), R"({"name":"Ann","uid":1463786910324359168})");
  EXPECT_EQ(session.handshake(), nullptr);
  EXPECT_EQ(channels.publish("user:1463786910324359168", Message::make(Kind::text, "hi")).success, 1u);
}

TEST_F(Scene, a_string_uid_is_a_json_string) {
  Session& session = connect();
  script.login = allowed("a\"b", DUNLIN_UID_STRING);
  bool done = false;
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, [&](dunlin_verdict, dunlin_status) { done = true; });
  run_until([&] { return done; });
  EXPECT_EQ(session.context().all(), R"({"uid":"a\"b"})");
}

TEST_F(Scene, logging_in_as_somebody_else_leaves_nothing_of_the_first) {
  Session& session = connect();
  int answers = 0;
  const auto count = [&](dunlin_verdict, dunlin_status) { ++answers; };
  script.login = allowed("1");
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, count);
  run_until([&] { return answers == 1; });
  EXPECT_EQ(session.subscribe("user:1"), DUNLIN_OK);
  script.login = allowed("2");
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, count);
  run_until([&] { return answers == 2; });
  EXPECT_EQ(channels.publish("user:1", Message::make(Kind::text, "secret")).success, 0u);
  EXPECT_EQ(session.context().all(), R"({"uid":2})");
}

TEST_F(Scene, refusals_are_told_apart) {
  Session& session = connect();
  dunlin_status status = DUNLIN_OK;
  const auto keep = [&](dunlin_verdict verdict, dunlin_status why) {
    EXPECT_EQ(verdict, DUNLIN_DENY);
    status = why;
  };
  LoginAnswer denied;
  denied.outcome = LoginOutcome::denied;
  script.login = denied;
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, keep);
  run_until([&] { return status != DUNLIN_OK; });
  EXPECT_EQ(status, DUNLIN_E_DENIED);
  status = DUNLIN_OK;
  script.login = LoginAnswer{};
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, keep);
  run_until([&] { return status != DUNLIN_OK; });
  EXPECT_EQ(status, DUNLIN_E_UNAVAILABLE);
  EXPECT_FALSE(session.logged_in());
}

TEST_F(Scene, one_log_in_at_a_time_and_a_lost_connection_answers_it) {
  Session& session = connect();
  script.login = std::nullopt;
  dunlin_status status = DUNLIN_OK;
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, [&](dunlin_verdict, dunlin_status why) { status = why; });
  EXPECT_EQ(session.authenticate("t", DUNLIN_LOGIN_MESSAGE, nullptr), DUNLIN_E_FULL);
  session.on_transport_closed(CloseReason::lost);
  end_turn();
  EXPECT_EQ(status, DUNLIN_E_GONE);
}

TEST_F(Scene, log_in_at_the_handshake_comes_before_open) {
  endpoint.login = Login::handshake;
  script.login = allowed("7");
  auto handshake = std::make_unique<Handshake>();
  handshake->add("authorization", "Bearer abc");
  Session& session = connect(std::move(handshake));
  EXPECT_EQ(script.seen, (Seen{"login abc", "open"}));
  EXPECT_EQ(session.step(), Step::ready);
}

TEST_F(Scene, a_refused_handshake_never_reaches_the_router) {
  endpoint.login = Login::handshake;
  LoginAnswer denied;
  denied.outcome = LoginOutcome::denied;
  script.login = denied;
  connect();
  end_turn();
  EXPECT_EQ(transport.finished, 4004);
  EXPECT_EQ(script.seen, (Seen{"login ", "cancel"}));
}

TEST_F(Scene, a_silent_peer_is_pinged_then_reaped) {
  endpoint.limits.idle = Millis{60};
  connect();
  run_until([&] { return transport.finished != 0; });
  EXPECT_EQ(transport.pings, 1);
  EXPECT_EQ(transport.finished, 4002);
}

TEST_F(Scene, a_peer_that_answers_lives) {
  endpoint.limits.idle = Millis{40};
  Session& session = connect();
  int answered = 0;
  run_until([&] {
    if (transport.pings > answered) {
      answered = transport.pings;
      session.on_sign_of_life();
    }
    return answered == 4;
  });
  EXPECT_EQ(transport.finished, 0);
}

TEST_F(Scene, a_session_ends_when_its_token_does_unless_it_logs_in_again) {
  Session& session = connect();
  LoginAnswer answer = allowed("1");
  answer.identity.expires_at_ms = unix_ms() + 80;
  script.login = answer;
  int answers = 0;
  const auto count = [&](dunlin_verdict, dunlin_status) { ++answers; };
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, count);
  run_until([&] { return answers == 1; });
  script.login->identity.expires_at_ms = unix_ms() + 200;
  const std::int64_t second_end = script.login->identity.expires_at_ms;
  (void)session.authenticate("t", DUNLIN_LOGIN_MESSAGE, count);
  run_until([&] { return transport.finished != 0; });
  EXPECT_EQ(transport.finished, 4003);
  EXPECT_GE(unix_ms(), second_end - 1);
}

TEST_F(Scene, a_slow_consumer_is_closed_with_its_own_code) {
  Session& session = connect();
  transport.on_overflow = [&] { session.close(CloseReason::slow_consumer); };
  transport.stalled = true;
  EXPECT_EQ(session.send(Kind::text, std::string(900, 'x')), DUNLIN_OK);
  EXPECT_EQ(session.send(Kind::text, std::string(900, 'x')), DUNLIN_E_FULL);
  end_turn();
  EXPECT_EQ(transport.finished, 4001);
  EXPECT_EQ(counters.get(Counter::drop_slow), 1u);
}

TEST_F(Scene, channels_a_connection_are_bounded) {
  endpoint.limits.channels = 2;
  Session& session = connect();
  EXPECT_EQ(session.subscribe("a"), DUNLIN_OK);
  EXPECT_EQ(session.subscribe("b"), DUNLIN_OK);
  EXPECT_EQ(session.subscribe("a"), DUNLIN_OK);
  EXPECT_EQ(session.subscribe("c"), DUNLIN_E_FULL);
  EXPECT_EQ(session.unsubscribe("c"), DUNLIN_E_NOT_FOUND);
}

TEST_F(Scene, an_id_is_never_used_twice) {
  const ClientId first = connect().id();
  table.find(first)->close(CloseReason::normal);
  end_turn();
  for (int i = 0; i < 3000; ++i) {
    const ClientId next = connect().id();
    EXPECT_NE(next, first);
    table.find(next)->close(CloseReason::normal);
    end_turn();
  }
  EXPECT_EQ(table.find(first), nullptr);
}

TEST_F(Scene, context_waits_for_a_key) {
  Session& session = connect();
  std::string got;
  const auto wait = [&](const char* key, Millis timeout) {
    session.context().wait(key, timeout, wheel, table.defer(), [&got](int status, std::string_view value) {
      got = status == DUNLIN_OK ? std::string(value) : "status " + std::to_string(status);
    });
  };
  wait("k", Millis{5000});
  EXPECT_TRUE(session.context().set("k", "[1]", table.defer()));
  run_until([&] { return !got.empty(); });
  EXPECT_EQ(got, "[1]");
  got.clear();
  wait("other", Millis{20});
  run_until([&] { return !got.empty(); });
  EXPECT_EQ(got, "status " + std::to_string(DUNLIN_E_TIMEOUT));
  got.clear();
  wait("never", Millis{5000});
  session.close(CloseReason::normal);
  run_until([&] { return !got.empty(); });
  EXPECT_EQ(got, "status " + std::to_string(DUNLIN_E_GONE));
}

TEST_F(Scene, context_refuses_what_is_no_json_and_too_much) {
  Context& context = connect().context();
  EXPECT_EQ(context.set("k", "{", table.defer()).error().code, Errc::bad_input);
  EXPECT_EQ(context.set("k", '"' + std::string(70'000, 'x') + '"', table.defer()).error().code, Errc::too_big);
  EXPECT_TRUE(context.set("k", "18446744073709551615", table.defer()));
  EXPECT_EQ(context.all(), R"({"k":18446744073709551615})");
  EXPECT_TRUE(context.set("k", "null", table.defer()));
  EXPECT_EQ(context.all(), "{}");
}

}  // namespace
}  // namespace dunlin
