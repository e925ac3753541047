// SPDX-License-Identifier: Apache-2.0
#include "core/cli/token.h"

#include <gtest/gtest.h>

namespace dunlin {
namespace {

Config with_settings(std::string settings) {
  Config config;
  config.file = "dunlin.yaml";
  config.modules["jwt-auth"].module = "jwt-auth";
  config.modules["jwt-auth"].settings = std::move(settings);
  return config;
}

// The secret and the expectation were computed with another implementation (Python's hmac).
TEST(Token, is_signed_and_keeps_every_digit) {
  const Config config = with_settings(R"({"algorithms":["RS256","HS256"],"secret":"0123456789abcdef0123456789abcdef"})");
  const auto token = make_token(config, {.uid = "1463786910324359168", .ttl = Millis{60'000}, .claims = {}}, 1'000'000);
  ASSERT_TRUE(token) << token.error().why;
  EXPECT_EQ(*token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOjE0NjM3ODY5MTAzMjQzNTkxNjgsImlhdCI6MTAwMCwiZXhwIjoxMDY"
            "wfQ.d7j29dps5wfaqj4RMsNKVME8aYcNf_rtUFT39aC8ikg");
}

TEST(Token, says_what_the_configuration_lacks) {
  EXPECT_NE(make_token(Config{}, {.uid = "1", .claims = {}}, 0).error().why.find("no jwt-auth"), std::string::npos);
  EXPECT_NE(make_token(with_settings(R"({"algorithms":["RS256"]})"), {.uid = "1", .claims = {}}, 0).error().why.find("HS256"),
            std::string::npos);
}

}  // namespace
}  // namespace dunlin
