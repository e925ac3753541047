// SPDX-License-Identifier: Apache-2.0
// A backend in trouble: retries, their budget, the breaker.
#include "tests/unit/plugins/http-auth/fixture.h"

namespace dunlin::http_auth {
namespace {

using testing::HasSubstr;

TEST_F(CheckerTest, RetriesOnceAndAllows) {
  start();
  const auto ticket = check("t");
  host.fail(0, DUNLIN_E_TIMEOUT);
  EXPECT_FALSE(answered(ticket));
  ASSERT_EQ(host.timers.size(), 1u);
  host.fire(0);
  ASSERT_EQ(host.sent.size(), 2u);
  EXPECT_EQ(host.sent[1].body, host.sent[0].body);
  host.reply(1, 200, R"({"uid":1})");
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_ALLOW);
  EXPECT_EQ(host.metrics["retries_total"], 1);
  EXPECT_EQ(host.metrics["requests_total"], 2);
}

TEST_F(CheckerTest, GivesUpAfterItsRetries) {
  start();
  const auto ticket = check("t");
  host.reply(0, 503, "");
  host.fire(0);
  host.reply(1, 503, "");
  EXPECT_EQ(host.timers.size(), 1u);
  EXPECT_EQ(answer(ticket).verdict, DUNLIN_E_UNAVAILABLE);
  EXPECT_THAT(answer(ticket).reason, HasSubstr("503"));
}

TEST_F(CheckerTest, DoesNotRetryARefusalOrAStrangeAnswer) {
  start();
  const auto odd = check("t");
  host.reply(0, 429, "");
  EXPECT_EQ(answer(odd).verdict, DUNLIN_E_UNAVAILABLE);
  const auto long_one = check("t");
  host.fail(1, DUNLIN_E_FULL, "the body is longer than 65536 bytes");
  EXPECT_EQ(answer(long_one).verdict, DUNLIN_E_UNAVAILABLE);
  EXPECT_TRUE(host.timers.empty());
}

TEST_F(CheckerTest, RetriesNoMoreThanTheBudgetAllows) {
  start(R"(,"retry_budget":{"percent":50,"burst":1},"breaker":{"failures":1000})");
  for (int i = 0; i < 10; ++i) check_and_fail();
  // The one saved up, then one for each two requests.
  EXPECT_EQ(host.timers.size(), 5u);
  checker.reset();
}

TEST_F(CheckerTest, CancelStopsARetryThatWaits) {
  start();
  const auto ticket = check("t");
  host.fail(0, DUNLIN_E_UNAVAILABLE);
  checker->cancel(ticket, DUNLIN_CANCEL_CLOSED);
  EXPECT_FALSE(host.timers[0].open);
}

TEST_F(CheckerTest, BreakerRefusesWithoutAsking) {
  start(R"(,"retries":0)");
  for (int i = 0; i < 5; ++i) check_and_fail();
  EXPECT_EQ(host.metrics["breaker_state"], 1);
  EXPECT_EQ(host.metrics["breaker_opened_total"], 1);
  const auto refused = check("t");
  EXPECT_EQ(host.sent.size(), 5u);
  EXPECT_EQ(answer(refused).verdict, DUNLIN_E_UNAVAILABLE);
  EXPECT_THAT(answer(refused).reason, HasSubstr("circuit breaker"));
  EXPECT_EQ(host.metrics["breaker_refused_total"], 1);
}

TEST_F(CheckerTest, OneProbeClosesTheBreaker) {
  start(R"(,"retries":0,"breaker":{"failures":2,"open":"5s"})");
  check_and_fail();
  check_and_fail();
  clock.now_ms += 5000;
  const auto probe = check("t");
  const auto other = check("t");
  EXPECT_EQ(host.metrics["breaker_state"], 2);
  EXPECT_EQ(answer(other).verdict, DUNLIN_E_UNAVAILABLE);
  host.reply(2, 401, "");
  EXPECT_EQ(answer(probe).verdict, DUNLIN_DENY);
  EXPECT_EQ(host.metrics["breaker_state"], 0);
  check("t");
  EXPECT_EQ(host.open_requests(), 1u);
  checker.reset();
}

TEST_F(CheckerTest, StrangersCannotOpenTheBreaker) {
  start(R"(,"retries":0,"breaker":{"failures":1})");
  check("odd");
  host.reply(0, 400, "");
  EXPECT_EQ(host.metrics["breaker_state"], 0);
  checker->cancel(check("t"), DUNLIN_CANCEL_CLOSED);
  EXPECT_EQ(host.metrics["breaker_state"], 0);
}

TEST_F(CheckerTest, AMissedDeadlineCountsAgainstTheBackend) {
  start(R"(,"timeout":"1h","breaker":{"failures":1})");
  checker->cancel(check("t"), DUNLIN_CANCEL_DEADLINE);
  EXPECT_EQ(host.metrics["breaker_state"], 1);
}

TEST_F(CheckerTest, AProbeWhoseClientLeavesMakesRoomForTheNext) {
  start(R"(,"retries":0,"breaker":{"failures":1,"open":"1s"})");
  check_and_fail();
  clock.now_ms += 1000;
  checker->cancel(check("t"), DUNLIN_CANCEL_CLOSED);
  const auto next = check("t");
  EXPECT_FALSE(answered(next));
  checker.reset();
}

TEST_F(CheckerTest, WarnsOnceASecond) {
  start(R"(,"retries":0,"breaker":{"failures":1000})");
  check_and_fail();
  check_and_fail();
  EXPECT_EQ(host.log.size(), 1u);
  clock.now_ms += 1000;
  check_and_fail();
  EXPECT_EQ(host.log.size(), 2u);
}

}  // namespace
}  // namespace dunlin::http_auth
