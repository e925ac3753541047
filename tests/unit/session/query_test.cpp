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
  handshake.add(Handshake::kUri, "/p?token=from-query");
  handshake.add("cookie", "a=1; session=xyz ;b=2");
  EXPECT_EQ(cookie_of(handshake, "session"), "xyz");
  EXPECT_EQ(cookie_of(handshake, "c"), std::nullopt);
  EXPECT_EQ(handshake_token(handshake), "from-query");
  Handshake bearer = handshake, basic = handshake;
  bearer.add("authorization", "bearer  abc");
  EXPECT_EQ(handshake_token(bearer), "abc");
  basic.add("authorization", "Basic abc");
  EXPECT_EQ(handshake_token(basic), "from-query");
}

TEST(Query, a_handshake_keeps_the_order_of_its_headers_and_what_is_no_header_apart) {
  Handshake handshake;
  EXPECT_EQ(handshake.get("a"), std::nullopt);
  EXPECT_EQ(handshake.header_at(0), std::nullopt);
  handshake.add(Handshake::kMethod, "GET");
  handshake.add("a", "1");
  handshake.add(Handshake::kHost, "");
  handshake.add("b", "");
  handshake.add("a", "2");
  handshake.shrink();
  using Header = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(handshake.header_at(0), Header("a", "1"));
  EXPECT_EQ(handshake.header_at(1), Header("b", ""));
  EXPECT_EQ(handshake.header_at(2), Header("a", "2"));
  EXPECT_EQ(handshake.header_at(3), std::nullopt);
  EXPECT_EQ(handshake.get("a"), "1");
  EXPECT_EQ(handshake.get(Handshake::kHost), "");
  EXPECT_EQ(handshake.get(Handshake::kMethod)->data()[3], '\0');
}

}  // namespace
}  // namespace dunlin
