// SPDX-License-Identifier: Apache-2.0
#include "core/session/query.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

TEST(Query, parameters_are_decoded) {
  EXPECT_EQ(query_of("/p?a=1&token=x%2By+z&token=2", "token"), "x+y z");
  EXPECT_EQ(query_of("/p?a", "a"), "");
  EXPECT_EQ(query_of("/p?a=100%", "a"), "100%");
  EXPECT_EQ(query_of("/p?a=%41", "a"), "A");
  EXPECT_EQ(query_of("/p", "a"), std::nullopt);
  EXPECT_EQ(query_of("/p?b=1", "a"), std::nullopt);
}

TEST(Query, cookies_and_tokens) {
  Handshake handshake;
  handshake.uri = "/p?token=from-query";
  handshake.headers = {{"cookie", "a=1; session=xyz ;b=2"}};
  EXPECT_EQ(cookie_of(handshake, "session"), "xyz");
  EXPECT_EQ(cookie_of(handshake, "c"), std::nullopt);
  EXPECT_EQ(handshake_token(handshake), "from-query");
  handshake.headers.emplace_back("authorization", "bearer  abc");
  EXPECT_EQ(handshake_token(handshake), "abc");
  handshake.headers.back().second = "Basic abc";
  EXPECT_EQ(handshake_token(handshake), "from-query");
}

}  // namespace
}  // namespace dunlin
