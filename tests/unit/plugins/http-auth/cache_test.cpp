// SPDX-License-Identifier: Apache-2.0
// The cache of answers, and questions that share one request.
#include "tests/unit/plugins/http-auth/fixture.h"

namespace dunlin::http_auth {
namespace {

Digest key(unsigned char name) { return Digest{name}; }

TEST(CacheTest, KeepsUntilItsTime) {
  Cache<int> cache(2);
  cache.put(key(1), 11, 100, 0);
  ASSERT_NE(cache.get(key(1), 99), nullptr);
  EXPECT_EQ(*cache.get(key(1), 99), 11);
  EXPECT_EQ(cache.get(key(1), 100), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(CacheTest, DropsTheLeastRecentlyUsed) {
  Cache<int> cache(2);
  cache.put(key(1), 1, 100, 0);
  cache.put(key(2), 2, 100, 0);
  cache.get(key(1), 0);
  cache.put(key(3), 3, 100, 0);
  EXPECT_NE(cache.get(key(1), 0), nullptr);
  EXPECT_EQ(cache.get(key(2), 0), nullptr);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(CacheTest, ReplacesAndKeepsNothingThatIsOver) {
  Cache<int> cache(2);
  cache.put(key(1), 1, 100, 0);
  cache.put(key(1), 2, 100, 0);
  EXPECT_EQ(*cache.get(key(1), 0), 2);
  cache.put(key(1), 3, 50, 50);
  EXPECT_EQ(cache.get(key(1), 50), nullptr);
  Cache<int> none(0);
  none.put(key(1), 1, 100, 0);
  EXPECT_EQ(none.size(), 0u);
}

TEST_F(CheckerTest, WithoutCacheEachTokenAsks) {
  start();
  check("t");
  check("t");
  EXPECT_EQ(host.sent.size(), 2u);
  checker.reset();
}

TEST_F(CheckerTest, ConcurrentChecksShareOneRequest) {
  start(R"(,"cache":{})");
  const auto first = check("t"), second = check("t"), other = check("u");
  EXPECT_EQ(host.sent.size(), 2u);
  EXPECT_EQ(host.metrics["joins_total"], 1);
  host.reply(0, 200, R"({"uid":5})");
  EXPECT_EQ(answer(first).uid, "5");
  EXPECT_EQ(answer(second).uid, "5");
  EXPECT_FALSE(answered(other));
  checker.reset();
}

TEST_F(CheckerTest, ASharedRequestGoesOnForWhoStillWaits) {
  start(R"(,"cache":{})");
  const auto first = check("t"), second = check("t");
  checker->cancel(first, DUNLIN_CANCEL_CLOSED);
  ASSERT_EQ(host.open_requests(), 1u);
  host.reply(0, 200, R"({"uid":5})");
  EXPECT_FALSE(answered(first));
  EXPECT_EQ(answer(second).uid, "5");
}

TEST_F(CheckerTest, AfterTheLastHasLeftTheNextAsksAnew) {
  start(R"(,"cache":{})");
  checker->cancel(check("t"), DUNLIN_CANCEL_CLOSED);
  check("t");
  EXPECT_EQ(host.sent.size(), 2u);
  EXPECT_EQ(host.open_requests(), 1u);
  checker.reset();
}

TEST_F(CheckerTest, RemembersAUserForItsTime) {
  start(R"(,"cache":{"ttl":"10s"})");
  check("t");
  host.reply(0, 200, R"({"uid":5})");
  clock.now_ms += 9999;
  EXPECT_EQ(answer(check("t")).uid, "5");
  EXPECT_EQ(host.metrics["cache_hits_total"], 1);
  EXPECT_EQ(host.metrics["cache_misses_total"], 1);
  clock.now_ms += 1;
  check("t");
  EXPECT_EQ(host.sent.size(), 2u);
  checker.reset();
}

TEST_F(CheckerTest, NeverRemembersAUserBeyondItsSession) {
  start(R"(,"cache":{"ttl":"1h"},"expires_field":"exp")");
  check("t");
  host.reply(0, 200, R"({"uid":5,"exp":1700000003})");
  clock.now_ms = 2999;
  EXPECT_EQ(answer(check("t")).verdict, DUNLIN_ALLOW);
  clock.now_ms = 3000;
  check("t");
  EXPECT_EQ(host.sent.size(), 2u);
  checker.reset();
}

TEST_F(CheckerTest, RemembersARefusalOnlyWhenTold) {
  start(R"(,"cache":{})");
  check("t");
  host.reply(0, 401, "");
  check("t");
  EXPECT_EQ(host.sent.size(), 2u);
  checker.reset();
  start(R"(,"cache":{"deny_ttl":"1s"})");
  check("v");
  host.reply(2, 401, "");
  EXPECT_EQ(answer(check("v")).verdict, DUNLIN_DENY);
  EXPECT_EQ(host.sent.size(), 3u);
}

TEST_F(CheckerTest, NeverRemembersThatTheBackendWasDown) {
  start(R"(,"cache":{"deny_ttl":"1h"},"retries":0)");
  check_and_fail();
  check("t");
  EXPECT_EQ(host.sent.size(), 2u);
  checker.reset();
}

TEST_F(CheckerTest, ARememberedUserOutlastsADeadBackend) {
  start(R"(,"cache":{"ttl":"1h"},"retries":0,"breaker":{"failures":1})");
  check("ann");
  host.reply(0, 200, R"({"uid":"ann"})");
  check_and_fail();
  EXPECT_EQ(host.metrics["breaker_state"], 1);
  EXPECT_EQ(answer(check("ann")).uid, "ann");
}

TEST(DigestTest, TellsRequestsApart) {
  const Request a{"POST", "http://b/", "body", {{"x", "yz"}}};
  const Request b{"POST", "http://b/", "body", {{"xy", "z"}}};
  EXPECT_EQ(digest(a), digest(a));
  EXPECT_NE(digest(a), digest(b));
}

}  // namespace
}  // namespace dunlin::http_auth
