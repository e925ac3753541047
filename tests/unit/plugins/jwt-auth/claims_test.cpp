// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/claims.h"

#include <gtest/gtest.h>

namespace dunlin::jwt_auth {
namespace {

constexpr std::int64_t kNow = 1'000'000;

struct Claims : testing::Test {
  Settings settings;
  Identity identity;
  std::string why;
  bool check(const std::string& claims) {
    identity = {};
    why.clear();
    return check_claims(claims, settings, kNow, identity, why);
  }
};

TEST_F(Claims, times_at_their_borders) {
  settings.leeway_s = 10;
  EXPECT_TRUE(check(R"({"sub":"u","exp":999991})"));   // 9 s ago
  EXPECT_FALSE(check(R"({"sub":"u","exp":999990})"));  // 10 s ago
  EXPECT_EQ(why, "it has expired");
  EXPECT_TRUE(check(R"({"sub":"u","exp":2000000,"nbf":1000010})"));
  EXPECT_FALSE(check(R"({"sub":"u","exp":2000000,"nbf":1000011})"));
  EXPECT_TRUE(check(R"({"sub":"u","exp":2000000,"iat":1000010})"));
  EXPECT_FALSE(check(R"({"sub":"u","exp":2000000,"iat":1000011})"));
  EXPECT_TRUE(check(R"({"sub":"u","exp":2000000.5})"));
  for (const char* bad : {R"("exp":"2000000")", R"("exp":null)", R"("exp":1e300)", R"("exp":-1e300)", R"("exp":2000000,"nbf":[])"})
    EXPECT_FALSE(check(std::string(R"({"sub":"u",)") + bad + "}")) << bad;
}

TEST_F(Claims, the_session_ends_when_the_token_does) {
  settings.leeway_s = 0;
  ASSERT_TRUE(check(R"({"sub":"u","exp":1000060})"));
  EXPECT_EQ(identity.expires_at_ms, 1'000'060'000);
}

TEST_F(Claims, a_token_that_never_expires_must_be_allowed) {
  EXPECT_FALSE(check(R"({"sub":"u"})"));
  settings.require_exp = false;
  EXPECT_TRUE(check(R"({"sub":"u"})"));
  EXPECT_EQ(identity.expires_at_ms, 0);
}

TEST_F(Claims, issuer_and_audience) {
  settings.require_exp = false;
  settings.issuers = {"a", "b"};
  settings.audiences = {"dunlin"};
  EXPECT_TRUE(check(R"({"sub":"u","iss":"b","aud":"dunlin"})"));
  EXPECT_TRUE(check(R"({"sub":"u","iss":"a","aud":["x","dunlin"]})"));
  for (const char* bad : {R"("iss":"c","aud":"dunlin")", R"("aud":"dunlin")", R"("iss":"a")", R"("iss":"a","aud":["x",1])",
                          R"("iss":["a"],"aud":"dunlin")", R"("iss":"a","aud":"Dunlin")"})
    EXPECT_FALSE(check(std::string(R"({"sub":"u",)") + bad + "}")) << bad;
}

TEST_F(Claims, nest_64_levels_deep_at_most) {
  settings.context_claims = {"deep"};
  const auto claims = [](std::size_t levels) {
    return R"({"sub":"u","exp":2000000,"deep":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_TRUE(check(claims(63)));
  EXPECT_EQ(identity.context.at(0).second, std::string(63, '[') + std::string(63, ']'));
  EXPECT_FALSE(check(claims(64)));
  EXPECT_EQ(why, "its payload is no JSON object of at most 64 levels");
  EXPECT_FALSE(check(claims(500'000)));
}

TEST_F(Claims, a_uid_keeps_every_digit) {
  settings.require_exp = false;
  settings.uid_claim = "id";
  for (const char* number : {"1463786910324359168", "18446744073709551615", "9223372036854775808", "1", "-5"}) {
    ASSERT_TRUE(check(std::string(R"({"id":)") + number + "}")) << number;
    EXPECT_EQ(identity.uid, number);
    EXPECT_TRUE(identity.number);
  }
  ASSERT_TRUE(check(R"({"id":"1463786910324359168"})"));
  EXPECT_FALSE(identity.number);
  for (const char* bad : {"1.5", "18446744073709551616", "\"\"", "null", "true", "[1]", "{}"})
    EXPECT_FALSE(check(std::string(R"({"id":)") + bad + "}")) << bad;
  EXPECT_FALSE(check(R"({"sub":1})"));
}

TEST_F(Claims, context_and_channels) {
  settings.require_exp = false;
  settings.context_claims = {"name", "org", "absent"};
  settings.channels_claim = "channels";
  ASSERT_TRUE(check(R"({"sub":1,"name":"A\"b","org":{"id":1463786910324359168},"channels":["news",7,"room:1"]})"));
  EXPECT_EQ(identity.context, (std::vector<std::pair<std::string, std::string>>{{"name", R"("A\"b")"},
                                                                               {"org", R"({"id":1463786910324359168})"}}));
  EXPECT_EQ(identity.channels, (std::vector<std::string>{"news", "room:1"}));
}

TEST_F(Claims, a_payload_that_is_no_object) {
  for (const char* bad : {"", "[]", "1", "x", "{\"sub\":1"}) EXPECT_FALSE(check(bad)) << bad;
}

}  // namespace
}  // namespace dunlin::jwt_auth
