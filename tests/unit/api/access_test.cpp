// SPDX-License-Identifier: Apache-2.0
// Who may call the API.
#include <crypt.h>

#include <algorithm>

#include "tests/unit/api/api_scene.h"

namespace dunlin {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kPublish = "/v1/mesh/publish";
constexpr const char* kBody = R"({"c":"a","d":"b"})";
constexpr const char* kAnnSecret = "YW5uOnNlY3JldA==";     // ann:secret
constexpr const char* kAnnWrong = "YW5uOnNlY3JldHM=";      // ann:secrets
constexpr const char* kBobColon = "Ym9iOnA6cQ==";          // bob:p:q
constexpr const char* kNobody = "bm9ib2R5OnNlY3JldA==";    // nobody:secret

class OpenApi : public ApiScene {
 protected:
  int status(Headers headers) { return call({"POST", kPublish, kBody, std::move(headers)}).status; }
};

TEST_F(OpenApi, serves_whoever_calls_from_this_machine) {
  for (const char* host :
       {"127.0.0.1:6789", "127.0.0.1", "127.8.8.8:1", "localhost", "localhost:6789", "[::1]:6789", "[::1]"})
    EXPECT_EQ(status({{"host", host}}), 200) << host;
  EXPECT_EQ(status({}), 200);  // HTTP/1.0
}

// A page whose name its owner lets resolve to 127.0.0.1 shows itself by the Host.
TEST_F(OpenApi, refuses_names_of_others) {
  for (const char* host : {"evil.example", "evil.example:6789", "127.0.0.1.evil.example", "127.a.b.c",
                           "localhost.evil.example", "10.0.0.1", "[::2]", "[::ffff:10.0.0.1]"})
    EXPECT_EQ(status({{"host", host}}), 403) << host;
  EXPECT_TRUE(mesh_.asked.empty());
}

TEST_F(OpenApi, refuses_pages_of_a_browser) {
  for (const char* origin :
       {"https://evil.example", "null", "http://127.0.0.1:8080", "http://127.0.0.1:6789.evil.example"})
    EXPECT_EQ(status({{"host", "127.0.0.1:6789"}, {"origin", origin}}), 403) << origin;
  EXPECT_TRUE(mesh_.asked.empty());
  EXPECT_EQ(status({{"host", "127.0.0.1:6789"}, {"origin", "http://127.0.0.1:6789"}}), 200);
}

// As a client does that makes up an Origin of the URL that it was given.
TEST_F(OpenApi, takes_its_own_origin_without_the_port) {
  EXPECT_EQ(status({{"host", "127.0.0.1:6789"}, {"origin", "http://127.0.0.1"}}), 200);
  EXPECT_EQ(status({{"host", "localhost:6789"}, {"origin", "http://localhost"}}), 200);
  EXPECT_EQ(status({{"host", "[::1]:6789"}, {"origin", "http://[::1]"}}), 200);
  EXPECT_EQ(status({{"host", "127.0.0.1:6789"}, {"origin", "http://localhost"}}), 403);
  EXPECT_EQ(status({{"host", "127.0.0.1:6789"}, {"origin", "https://127.0.0.1"}}), 403);
  EXPECT_EQ(status({{"host", "127.0.0.1:6789"}, {"origin", "http://127.0.0.1"}, {"sec-fetch-site", "same-site"}}), 403);
}

class ApiAccess : public ApiScene {
 protected:
  void SetUp() override {
    config_.access = {{.username = "ann", .password = "secret", .read = true, .write = true},
                      {.username = "bob", .password = "p:q", .read = true, .write = false, .host = "10.*.*.*"}};
  }
};

TEST_F(ApiAccess, asks_for_credentials) {
  const HttpAnswer answer = post(kPublish, kBody);
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers, "WWW-Authenticate: Basic realm=\"dunlin\"\r\n");
  EXPECT_EQ(answer.body, R"j({"E":{"c":401,"m":"credentials are needed (HTTP Basic)"}})j");
}

TEST_F(ApiAccess, takes_the_right_ones_from_any_host_and_origin) {
  const Headers elsewhere = {{"host", "push.example"}, {"origin", "https://x"}};
  EXPECT_EQ(call_as(kAnnSecret, {"POST", kPublish, kBody, elsewhere}).status, 200);
  EXPECT_EQ(call({"POST", kPublish, kBody, {{"authorization", std::string("bAsIc ") + kAnnSecret}}}).status, 200);
}

TEST_F(ApiAccess, refuses_wrong_ones) {
  for (const char* wrong : {kAnnWrong, kNobody}) {
    const HttpAnswer answer = call_as(wrong, {"POST", kPublish, kBody});
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, R"({"E":{"c":401,"m":"wrong user or password"}})");
  }
  for (const char* garbage : {"Bearer x", "Basic", "Basic ", "Basic !!!!", "Basic YW5u", "Basic YW5uOnNlY3JldA"})
    EXPECT_EQ(call({"POST", kPublish, kBody, {{"authorization", garbage}}}).status, 401) << garbage;
  EXPECT_TRUE(mesh_.asked.empty());
}

TEST_F(ApiAccess, a_role_is_needed_for_what_it_covers) {
  Call reading{"GET", "/metrics", "", {}, "10.1.2.3:5"}, writing{"POST", kPublish, kBody, {}, "10.1.2.3:5"};
  EXPECT_EQ(call_as(kBobColon, reading).status, 200);
  const HttpAnswer answer = call_as(kBobColon, writing);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, R"({"E":{"c":403,"m":"this user may not write"}})");
}

TEST_F(ApiAccess, a_user_may_be_bound_to_addresses) {
  EXPECT_EQ(call_as(kBobColon, {"GET", "/metrics", "", {}, "10.1.2.3:5"}).status, 200);
  EXPECT_EQ(call_as(kBobColon, {"GET", "/metrics", "", {}, "110.1.2.3:5"}).status, 403);
  EXPECT_EQ(call_as(kBobColon, {"GET", "/metrics", "", {}, "[::1]:5"}).status, 403);
}

TEST_F(ApiAccess, guessing_is_slowed_down_for_the_address_that_guesses) {
  const Call from_here{"POST", kPublish, kBody, {}, "192.0.2.1:1"};
  const Call from_there{"POST", kPublish, kBody, {}, "192.0.2.2:1"};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call_as(kAnnWrong, from_here).status, 401);
  const HttpAnswer answer = call_as(kAnnSecret, from_here);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers, "Retry-After: 60\r\n");
  EXPECT_EQ(call_as(kAnnSecret, from_there).status, 200);
  std::vector<Sample> samples;
  api_->collect(samples);
  const auto failures = std::find_if(samples.begin(), samples.end(), [](const Sample& sample) {
    return sample.name == "dunlin_api_login_failures_total";
  });
  ASSERT_NE(failures, samples.end());
  EXPECT_EQ(failures->value, 10);
}

TEST_F(ApiAccess, passwords_may_be_hashes) {
  for (const std::string salt : {"$6$rounds=1000$saltsalt$", "$2b$04$abcdefghijklmnopqrstuu"}) {  // SHA-512, bcrypt
    crypt_data data{};
    config_.access[0].password = crypt_r("secret", salt.c_str(), &data);
    ASSERT_TRUE(config_.access[0].password.starts_with(salt.substr(0, 3)));
    if (api_) api_->reconfigure(config_);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(call_as(kAnnSecret, {"POST", kPublish, kBody}).status, 200);
      EXPECT_EQ(call_as(kAnnWrong, {"POST", kPublish, kBody}).status, 401);
    }
  }
  config_.access[0].password = "$nonsense";
  api_->reconfigure(config_);
  EXPECT_EQ(call_as("YW5uOiRub25zZW5zZQ==", {"POST", kPublish, kBody}).status, 401);  // ann:$nonsense
}

TEST(ApiHostPattern, a_star_is_any_run_of_characters) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("10.*.*.*", "10.1.2.3"));
  EXPECT_TRUE(matches("2001:db8:*", "2001:db8::1"));
  EXPECT_FALSE(matches("10.*", "110.1.2.3"));
  EXPECT_FALSE(matches("10.1.2.3", "10.1.2.33"));
  EXPECT_FALSE(matches("", "10.1.2.3"));
}

}  // namespace
}  // namespace dunlin
