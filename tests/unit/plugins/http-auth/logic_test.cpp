// SPDX-License-Identifier: Apache-2.0
// The parts that know nothing of a host: JSON with every digit, templates, the breaker, the budget, replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/http-auth/breaker.h"
#include "plugins/http-auth/conn_values.h"
#include "plugins/http-auth/exact_json.h"
#include "plugins/http-auth/reply.h"
#include "plugins/http-auth/request.h"

namespace dunlin::http_auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OneValue : public Values {
 public:
  explicit OneValue(std::optional<std::string_view> value) : value_(value) {}
  std::optional<std::string_view> get(Source, const std::string&) const override { return value_; }

 private:
  std::optional<std::string_view> value_;
};

std::optional<std::string> expand(std::string_view text, Place place, std::optional<std::string_view> value) {
  std::string error;
  const auto parsed = Template::parse(text, place, error);
  EXPECT_TRUE(parsed) << error;
  return parsed ? parsed->expand(OneValue(value)) : std::nullopt;
}

TEST(ExactJson, KeepsEveryDigitAndForm) {
  const char* text =
      R"({"a":[1463786910324359168,-18446744073709551617,1.10,-2e+30],"s":"n1\u0000","t":true,"z":null})";
  const auto json = ExactJson::parse(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(ExactJson::print(json->root()), text);
}

TEST(ExactJson, RefusesWhatIsNotJson) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "{"sv, "1 2"sv, "{\"a\":1}\0x"sv, "\"\xff\""sv, "nul"sv})
    EXPECT_FALSE(ExactJson::parse(text)) << text;
  EXPECT_TRUE(ExactJson::parse(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(ExactJson::parse(std::string(65, '[') + std::string(65, ']')));
  EXPECT_TRUE(ExactJson::parse("\xef\xbb\xbf{}"));
  EXPECT_FALSE(ExactJson::parse("\xbf{}"));
}

TEST(ExactJson, FindsFieldsByPath) {
  const auto json = ExactJson::parse(R"({"data":{"users":[{"id":7}],"a.b/c~d":8}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(ExactJson::text(*json->find(*parse_path("data.users.0.id"))), "7");
  EXPECT_EQ(ExactJson::text(*json->find(*parse_path("/data/users/0/id"))), "7");
  EXPECT_EQ(ExactJson::text(*json->find(*parse_path("/data/a.b~1c~0d"))), "8");
  for (const char* missing : {"data.users.1.id", "data.users.x", "data.id", "data.users.0.id.x", "data.users.-1"})
    EXPECT_EQ(json->find(*parse_path(missing)), nullptr) << missing;
  for (const char* bad : {"", "/", "a..b", "a.", ".a"}) EXPECT_FALSE(parse_path(bad)) << bad;
}

TEST(Utf8, IsChecked) {
  using namespace std::string_view_literals;
  for (const auto good : {""sv, "a\0b"sv, "\xc3\xa9"sv, "\xe2\x82\xac"sv, "\xf0\x9f\x98\x80"sv})
    EXPECT_TRUE(is_utf8(good));
  for (const auto bad : {"\xff"sv, "\xc3"sv, "a\xe2\x82"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(TemplateTest, WritesAValueAsItsPlaceAsks) {
  EXPECT_EQ(expand("{\"t\":{{token}}}", Place::json, "a\"\\\n"), "{\"t\":\"a\\\"\\\\\\n\"}");
  EXPECT_EQ(expand("[{{ token }},{{header.X-Y}}]", Place::json, std::nullopt), "[null,null]");
  EXPECT_EQ(expand("/u/{{token}}?a=1", Place::percent, "a b/&=\xc3\xa9"), "/u/a%20b%2F%26%3D%C3%A9?a=1");
  EXPECT_EQ(expand("Bearer {{token}}", Place::header, "a.b"), "Bearer a.b");
}

TEST(TemplateTest, RefusesWhatItsPlaceCannotHold) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(expand("{{token}}", Place::json, "\xff"));
  for (const auto bad : {"a\rb"sv, "a\nb"sv, "a\0b"sv, "\x7f"sv}) EXPECT_FALSE(expand("{{token}}", Place::header, bad));
}

TEST(TemplateTest, NamesWhatIsWrong) {
  std::string error;
  EXPECT_FALSE(Template::parse("{{tokn}}", Place::json, error));
  EXPECT_THAT(error, HasSubstr("no placeholder {{tokn}}"));
  EXPECT_THAT(error, HasSubstr("{{token}}"));
  EXPECT_FALSE(Template::parse("{{header.}}", Place::json, error));
  EXPECT_FALSE(Template::parse("a {{token", Place::json, error));
  EXPECT_THAT(error, HasSubstr("never closed"));
}

TEST(RequestTest, FindsDotSegments) {
  for (const char* bad : {"http://h/..", "http://h/a/../b", "http://h/./a", "http://h/a/.?q"})
    EXPECT_TRUE(has_dot_segment(bad)) << bad;
  for (const char* good : {"http://h", "http://h/a..b/.c", "http://h/a?x=/../", "http://h?/../"})
    EXPECT_FALSE(has_dot_segment(good)) << good;
}

TEST(BreakerTest, OpensAfterFailuresInARow) {
  Breaker breaker(2, 100);
  breaker.failed(*breaker.admit(0), 0);
  breaker.succeeded(*breaker.admit(0));
  breaker.failed(*breaker.admit(0), 0);
  EXPECT_EQ(breaker.state(), Breaker::State::closed);
  breaker.failed(*breaker.admit(0), 10);
  EXPECT_EQ(breaker.state(), Breaker::State::open);
  EXPECT_FALSE(breaker.admit(109));
  EXPECT_EQ(breaker.times_opened(), 1u);
}

TEST(BreakerTest, LetsOneProbeThrough) {
  Breaker breaker(1, 100);
  breaker.failed(*breaker.admit(0), 0);
  const auto probe = breaker.admit(100);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(breaker.admit(100));
  breaker.failed(*probe, 100);
  EXPECT_FALSE(breaker.admit(199));
  const auto next = breaker.admit(200);
  ASSERT_TRUE(next);
  breaker.succeeded(*next);
  EXPECT_EQ(breaker.state(), Breaker::State::closed);
}

TEST(BreakerTest, IgnoresAnswersFromBefore) {
  Breaker breaker(1, 100);
  const auto old = breaker.admit(0);
  breaker.failed(*breaker.admit(0), 0);
  breaker.succeeded(*old);
  EXPECT_EQ(breaker.state(), Breaker::State::open);
  const auto probe = breaker.admit(100);
  breaker.failed(*old, 100);
  breaker.abandoned(*old);
  EXPECT_EQ(breaker.state(), Breaker::State::half_open);
  EXPECT_FALSE(breaker.admit(100));
  breaker.abandoned(*probe);
  EXPECT_TRUE(breaker.admit(100));
}

TEST(RetryBudgetTest, EarnsWithRequestsUpToItsBurst) {
  RetryBudget budget(10, 2);
  EXPECT_TRUE(budget.spend());
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
  for (int i = 0; i < 9; ++i) budget.earn();
  EXPECT_FALSE(budget.spend());
  budget.earn();
  EXPECT_TRUE(budget.spend());
  for (int i = 0; i < 1000; ++i) budget.earn();
  EXPECT_TRUE(budget.spend());
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
}

TEST(RetryBudgetTest, OfNothingAllowsNothing) {
  RetryBudget budget(0, 0);
  budget.earn();
  EXPECT_FALSE(budget.spend());
}

class ReplyTest : public testing::Test {
 protected:
  void use(const std::string& more) {
    Fault fault;
    settings_ = *parse_settings(R"({"url":"http://b/")" + more + "}", "/", fault);
  }
  Reply reply(int code, std::string_view body) { return judge(settings_, code, body, 1'000'000); }
  Outcome body(std::string_view text) { return reply(200, text).outcome; }

  void SetUp() override { use(""); }
  Settings settings_;
};

TEST_F(ReplyTest, UidKeepsKindAndDigits) {
  const Identity number = body(R"({"uid":18446744073709551615})").identity;
  EXPECT_EQ(number.uid, "18446744073709551615");
  EXPECT_TRUE(number.number);
  const Identity string = body(R"({"uid":"00001463786910324359168"})").identity;
  EXPECT_EQ(string.uid, "00001463786910324359168");
  EXPECT_FALSE(string.number);
}

TEST_F(ReplyTest, NobodyIsDenied) {
  for (const char* text : {"{}", R"({"uid":null})", R"({"uid":0})", R"({"uid":-0})", R"({"uid":-1})", R"({"uid":""})",
                           R"({"uid":false})", R"({"uid":true})", R"({"uid":[1]})", R"({"uid":{}})", R"({"uid":1.5})",
                           R"({"uid":1e3})", R"({"uid":18446744073709551616})",
                           R"({"uid":"a\u0000b"})", "[]", "null", "7",
                           R"({"code":401,"msg":"bad token","data":null})"})
    EXPECT_EQ(body(text).result, Result::deny) << text;
  EXPECT_EQ(body(R"({"uid":")" + std::string(251, 'x') + "\"}").result, Result::deny);
  EXPECT_EQ(body(R"({"uid":")" + std::string(250, 'x') + "\"}").result, Result::allow);
}

TEST_F(ReplyTest, NullDataBehindAPathIsDenied) {
  use(R"(,"uid_field":"data.user.id")");
  EXPECT_EQ(body(R"({"code":1,"data":null})").result, Result::deny);
  EXPECT_EQ(body(R"({"code":0,"data":{"user":{"id":3}}})").result, Result::allow);
}

TEST_F(ReplyTest, StatusesDecide) {
  for (const int code : {401, 403, 404}) EXPECT_EQ(reply(code, R"({"uid":1})").outcome.result, Result::deny);
  EXPECT_EQ(reply(201, R"({"uid":1})").outcome.result, Result::allow);
  for (const int code : {302, 400, 429, 500, 503, 0, 999}) {
    EXPECT_EQ(reply(code, R"({"uid":1})").outcome.result, Result::unavailable) << code;
  }
  EXPECT_TRUE(reply(500, "").retry);
  EXPECT_FALSE(reply(400, "").retry);
  EXPECT_TRUE(reply(400, "").healthy);
  EXPECT_FALSE(reply(503, "").healthy);
  EXPECT_FALSE(reply(200, "<html>").healthy);
}

TEST_F(ReplyTest, ChosenStatuses) {
  use(R"(,"allow_status":[200],"deny_status":["4xx",204])");
  EXPECT_EQ(reply(418, "").outcome.result, Result::deny);
  EXPECT_EQ(reply(204, "").outcome.result, Result::deny);
  EXPECT_EQ(reply(201, R"({"uid":1})").outcome.result, Result::unavailable);
}

TEST_F(ReplyTest, Expiry) {
  use(R"(,"expires_field":"exp")");
  EXPECT_EQ(body(R"({"uid":1})").identity.expires_at_ms, 0);
  EXPECT_EQ(body(R"({"uid":1,"exp":null})").identity.expires_at_ms, 0);
  EXPECT_EQ(body(R"({"uid":1,"exp":2000})").identity.expires_at_ms, 2'000'000);
  EXPECT_EQ(body(R"({"uid":1,"exp":"2000"})").identity.expires_at_ms, 2'000'000);
  EXPECT_EQ(body(R"({"uid":1,"exp":2000.7})").identity.expires_at_ms, 2'000'000);
  EXPECT_GT(body(R"({"uid":1,"exp":9223372036854775807})").identity.expires_at_ms, 0);
  for (const char* past : {"1000", "0", "-5"})
    EXPECT_EQ(body(R"({"uid":1,"exp":)" + std::string(past) + "}").result, Result::deny) << past;
  for (const char* odd : {"\"soon\"", "1e12", "true", "[]", "\"\"", "99999999999999999999"})
    EXPECT_EQ(body(R"({"uid":1,"exp":)" + std::string(odd) + "}").result, Result::unavailable) << odd;
}

TEST_F(ReplyTest, Channels) {
  use(R"(,"channels_field":"rooms")");
  EXPECT_THAT(body(R"({"uid":1,"rooms":["a","b"]})").identity.channels, ElementsAre("a", "b"));
  EXPECT_TRUE(body(R"({"uid":1})").identity.channels.empty());
  for (const char* odd : {"\"a\"", "[1]", "[\"\"]", "[\"a\\n\"]"})
    EXPECT_EQ(body(R"({"uid":1,"rooms":)" + std::string(odd) + "}").result, Result::unavailable) << odd;
}

TEST(Base64Of, LeavesThePemOnOneLine) {
  EXPECT_EQ(base64_of("-----BEGIN CERTIFICATE-----\nMIIB\nAg==\n-----END CERTIFICATE-----\n"), "MIIBAg==");
  for (const char* other : {"", "MIIB", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIB\n"})
    EXPECT_EQ(base64_of(other), "") << other;
}

TEST(WithoutPort, LeavesTheAddress) {
  EXPECT_EQ(without_port("192.0.2.7:51234"), "192.0.2.7");
  EXPECT_EQ(without_port("[2001:db8::1]:51234"), "2001:db8::1");
}

}  // namespace
}  // namespace dunlin::http_auth
