// SPDX-License-Identifier: Apache-2.0
// One check: what is asked, and what the reply comes to.
#include "tests/unit/plugins/http-auth/fixture.h"

namespace dunlin::http_auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST_F(CheckerTest, AsksWithTheTokenAndAllowsTheUid) {
  start();
  const auto ticket = check("abc");
  EXPECT_EQ(last_verdict, DUNLIN_PENDING);
  ASSERT_EQ(host.sent.size(), 1u);
  EXPECT_EQ(host.sent[0].method, "POST");
  EXPECT_EQ(host.sent[0].url, "http://backend/auth");
  EXPECT_EQ(host.sent[0].body, R"({"token":"abc"})");
  EXPECT_THAT(host.sent[0].headers, ElementsAre(Pair("content-type", "application/json")));
  EXPECT_EQ(host.sent[0].timeout_ms, 3000u);
  EXPECT_EQ(host.sent[0].max_connections, 16u);
  EXPECT_EQ(host.sent[0].flags, 0u);
  EXPECT_FALSE(answered(ticket));
  host.reply(0, 200, R"({"uid":1463786910324359168})");
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_ALLOW);
  EXPECT_EQ(answer(ticket).uid, "1463786910324359168");
  EXPECT_EQ(answer(ticket).kind, DUNLIN_UID_NUMBER);
  EXPECT_EQ(host.metrics["requests_total"], 1);
  EXPECT_EQ(host.metrics["results_total allow"], 1);
}

TEST_F(CheckerTest, EscapesTheToken) {
  start();
  check("a\"},\n\"uid\":\"admin");
  EXPECT_EQ(host.sent[0].body, R"({"token":"a\"},\n\"uid\":\"admin"})");
  checker.reset();
}

TEST_F(CheckerTest, GivesContextChannelsAndExpiry) {
  start(R"(,"uid_field":"data.id","context_fields":{"name":"data.name","big":"data.big"},
          "channels_field":"data.rooms","expires_field":"data.exp")");
  const auto ticket = check("t");
  host.reply(0, 200, R"({"data":{"id":"ann","name":"Ann","big":18446744073709551617,"rooms":["a","b"],
                         "exp":1800000000}})");
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_ALLOW);
  EXPECT_EQ(answer(ticket).kind, DUNLIN_UID_STRING);
  EXPECT_THAT(answer(ticket).context,
              UnorderedElementsAre(Pair("name", "\"Ann\""), Pair("big", "18446744073709551617")));
  EXPECT_THAT(answer(ticket).channels, ElementsAre("a", "b"));
  EXPECT_EQ(answer(ticket).expires_at_ms, 1'800'000'000'000);
}

TEST_F(CheckerTest, DeniesWhatTheBackendDenies) {
  start();
  const auto ticket = check("t");
  host.reply(0, 401, "");
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_DENY);
  EXPECT_THAT(answer(ticket).reason, HasSubstr("401"));
  EXPECT_EQ(host.metrics["results_total deny"], 1);
}

TEST_F(CheckerTest, TellsToTryLaterWhenTheReplyIsNoJson) {
  start();
  const auto ticket = check("secret-token");
  host.reply(0, 200, "<html>");
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_E_UNAVAILABLE);
  ASSERT_EQ(host.log.size(), 1u);
  EXPECT_THAT(host.log[0], HasSubstr("not JSON"));
  EXPECT_EQ(host.log[0].find("secret-token"), std::string::npos);
}

TEST_F(CheckerTest, PassesAnEmptyToken) {
  start();
  check("");
  EXPECT_EQ(last_verdict, DUNLIN_PASS);
  EXPECT_TRUE(host.sent.empty());
}

TEST_F(CheckerTest, AsksWithoutATokenWhenTheRequestNamesNone) {
  start(R"(,"method":"GET","headers":{"Cookie":"sid={{cookie.sid}}"})");
  host.handshake["cookie.sid"] = "s1";
  check("");
  ASSERT_EQ(host.sent.size(), 1u);
  EXPECT_EQ(host.sent[0].method, "GET");
  EXPECT_EQ(host.sent[0].body, "");
  EXPECT_EQ(host.sent[0].headers.at("Cookie"), "sid=s1");
  checker.reset();
}

TEST_F(CheckerTest, DeniesATokenThatCannotBeSent) {
  start(R"(,"headers":{"Authorization":"Bearer {{token}}"})");
  const auto ticket = check("a\r\nX-Admin: 1");
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_DENY);
  EXPECT_TRUE(host.sent.empty());
}

TEST_F(CheckerTest, FillsInWhatTheHandshakeCarried) {
  start(R"(,"body":"{\"t\":{{token}},\"ip\":{{remote_ip}},\"ua\":{{header.User-Agent}},\"q\":{{query.v}},)"
        R"(\"p\":{{path}}}")");
  host.info[DUNLIN_CONN_REMOTE_ADDR] = "[2001:db8::1]:51234";
  host.info[DUNLIN_CONN_PATH] = "/message-center";
  host.handshake["header.user-agent"] = "curl";
  check("t");
  EXPECT_EQ(host.sent[0].body, R"({"t":"t","ip":"2001:db8::1","ua":"curl","q":null,"p":"/message-center"})");
  checker.reset();
}

TEST_F(CheckerTest, CancelStopsTheRequest) {
  start();
  const auto ticket = check("t");
  checker->cancel(ticket, DUNLIN_CANCEL_CLOSED);
  EXPECT_EQ(host.open_requests(), 0u);
  checker->cancel(ticket, DUNLIN_CANCEL_CLOSED);
  EXPECT_FALSE(answered(ticket));
}

TEST_F(CheckerTest, EndsWithRequestsAndTimersStopped) {
  start();
  check("a");
  check("b");
  host.fail(0, DUNLIN_E_UNAVAILABLE);
  ASSERT_EQ(host.timers.size(), 1u);
  checker.reset();
  EXPECT_EQ(host.open_requests(), 0u);
  EXPECT_FALSE(host.timers[0].open);
}

TEST_F(CheckerTest, TellsToTryLaterWhenTheHostCannotSend) {
  start();
  host.request_status = DUNLIN_E_UNAVAILABLE;
  const auto ticket = check("t");
  EXPECT_EQ(last_verdict, DUNLIN_PENDING);
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_E_UNAVAILABLE);
}

TEST_F(CheckerTest, TellsToTryLaterWhenTheUidIsTooDeep) {
  start();
  const auto ticket = check("t");
  host.reply(0, 200, std::string(100000, '[') + std::string(100000, ']'));
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_E_UNAVAILABLE);
}

}  // namespace
}  // namespace dunlin::http_auth
