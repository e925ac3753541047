// SPDX-License-Identifier: Apache-2.0
#include "core/config/redis_url.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(RedisUrl, EveryPart) {
  RedisServer server;
  ASSERT_TRUE(parse_redis_url("redis://ada:p%40ss%3A@redis.example:6380/12", server));
  EXPECT_EQ(server.host, "redis.example");
  EXPECT_EQ(server.port, 6380);
  EXPECT_EQ(server.user, "ada");
  EXPECT_EQ(server.password, "p@ss:");
  EXPECT_EQ(server.database, 12u);
  EXPECT_FALSE(server.tls);
}

TEST(RedisUrl, WhatIsLeftOutHasItsDefault) {
  for (const char* url : {"redis://127.0.0.1", "redis://127.0.0.1/", "redis://127.0.0.1:6379/0"}) {
    RedisServer server;
    ASSERT_TRUE(parse_redis_url(url, server)) << url;
    EXPECT_EQ(server.host, "127.0.0.1");
    EXPECT_EQ(server.port, 6379);
    EXPECT_EQ(server.database, 0u);
    EXPECT_EQ(server.user + server.password, "");
  }
}

TEST(RedisUrl, TlsPasswordAloneAndIpv6) {
  RedisServer server;
  ASSERT_TRUE(parse_redis_url("rediss://:secret@[2001:db8::1]:7000", server));
  EXPECT_TRUE(server.tls);
  EXPECT_EQ(server.host, "2001:db8::1");
  EXPECT_EQ(server.port, 7000);
  EXPECT_EQ(server.user, "");
  EXPECT_EQ(server.password, "secret");
}

TEST(RedisUrl, WhatIsNoneIsRefusedAndNotRepeated) {
  for (const char* url : {"", "redis:", "redis://", "http://sesame", "redis://:sesame@", "redis://:sesame@h:0",
                          "redis://:sesame@h:65536", "redis://:sesame@h:1x", "redis://:sesame@h/x", "redis://:sesame@h/-1",
                          "redis://:sesame%4@h", "redis://:sesame%zz@h", "redis://[::1", "redis://:sesame@h?db=1",
                          "redis://sesame:@/0"}) {
    RedisServer server;
    const Status parsed = parse_redis_url(url, server);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().why.find("sesame"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace dunlin
