// SPDX-License-Identifier: Apache-2.0
// What may stand in the settings, and what is said of what may not. And the module's door: dunlin_plugin_v1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/schema.h>

#include "plugins/http-auth/settings.h"
#include "tests/unit/plugins/http-auth/fake_host.h"

namespace dunlin::http_auth {
namespace {

using testing::HasSubstr;

std::optional<Settings> parse(const std::string& more, Fault& fault) {
  return parse_settings(R"({"url":"http://b:8000/a")" + more + "}", "/nowhere", fault);
}

// Every setting, as docs/http-auth.md shows them.
constexpr const char* kEverything = R"({
  "url": "https://b/auth?v=1", "method": "PUT", "headers": {"X-Key": "k", "Content-Type": "application/json"},
  "body": "{\"t\":{{token}}}", "timeout": "500ms", "retries": 2, "retry_budget": {"percent": 20, "burst": 3},
  "uid_field": "/data/id", "context_fields": ["data.name", "role"], "channels_field": "rooms", "expires_field": "exp",
  "allow_status": [200, "3xx"], "deny_status": ["4xx"], "connections": 4,
  "cache": {"ttl": "1m", "deny_ttl": "1s", "size": 5}, "breaker": {"failures": 2, "open": "1h"},
  "verify_tls": false, "max_body": "1KiB"})";

TEST(Settings, ReadsEach) {
  Fault fault;
  const auto read = parse_settings(kEverything, "/", fault);
  ASSERT_TRUE(read) << fault.pointer << " " << fault.what;
  EXPECT_EQ(read->method, "PUT");
  EXPECT_EQ(read->headers.size(), 2u);
  EXPECT_EQ(read->timeout_ms, 500);
  EXPECT_EQ(read->retries, 2);
  EXPECT_EQ(read->retry_percent, 20);
  EXPECT_EQ(read->retry_burst, 3);
  EXPECT_EQ(read->uid, (Path{"data", "id"}));
  EXPECT_EQ(read->context[0], (std::pair<std::string, Path>{"name", {"data", "name"}}));
  EXPECT_EQ(read->channels, Path{"rooms"});
  EXPECT_EQ(read->expires, Path{"exp"});
  EXPECT_TRUE(read->allow[302] && !read->allow[201] && read->deny[499] && !read->deny[500]);
  EXPECT_EQ(read->connections, 4);
  EXPECT_TRUE(read->cache);
  EXPECT_EQ(read->cache_ttl_ms, 60'000);
  EXPECT_EQ(read->cache_deny_ttl_ms, 1000);
  EXPECT_EQ(read->cache_size, 5);
  EXPECT_EQ(read->breaker_failures, 2);
  EXPECT_EQ(read->breaker_open_ms, 3'600'000);
  EXPECT_FALSE(read->verify_tls);
  EXPECT_EQ(read->max_body, 1024);
}

struct Wrong {
  const char* more;
  const char* pointer;
  const char* what;
};

class WrongSettings : public testing::TestWithParam<Wrong> {};

TEST_P(WrongSettings, AreNamed) {
  Fault fault;
  EXPECT_FALSE(parse(GetParam().more, fault));
  EXPECT_EQ(fault.pointer, GetParam().pointer);
  EXPECT_THAT(fault.what, HasSubstr(GetParam().what));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongSettings,
    testing::Values(
        Wrong{R"(,"timeout":60)", "/timeout", "60 has no unit; write 60s"},
        Wrong{R"(,"timeout":"3 s")", "/timeout", "no duration"}, Wrong{R"(,"timeout":"")", "/timeout", "no duration"},
        Wrong{R"(,"timeout":"-1s")", "/timeout", "no duration"}, Wrong{R"(,"timeout":"0s")", "/timeout", "range"},
        Wrong{R"(,"timeout":"9223372036854775807h")", "/timeout", "no duration"},
        Wrong{R"(,"timeout":true)", "/timeout", "text"}, Wrong{R"(,"cache":{"ttl":"x"})", "/cache/ttl", "no duration"},
        Wrong{R"(,"breaker":{"failures":0})", "/breaker/failures", "from 1"},
        Wrong{R"(,"retries":99)", "/retries", "from 0 to 5"}, Wrong{R"(,"max_body":"1GB")", "/max_body", "64KiB"},
        Wrong{R"(,"max_body":0)", "/max_body", "64KiB"}, Wrong{R"(,"uid_field":"a..b")", "/uid_field", "empty name"},
        Wrong{R"(,"context_fields":["a",7])", "/context_fields/1", "text"},
        Wrong{R"(,"context_fields":{"":"a"})", "/context_fields", "empty name"},
        Wrong{R"(,"context_fields":{"a/b":"."})", "/context_fields/a~1b", "empty name"},
        Wrong{R"(,"allow_status":[200,"20x"])", "/allow_status/1", "no HTTP status"},
        Wrong{R"(,"allow_status":[404])", "/deny_status", "404 is in allow_status too"},
        Wrong{R"(,"headers":{"a b":"c"})", "/headers/a b", "no name"},
        Wrong{R"(,"headers":{"X":"a\nb"})", "/headers/X", "one line"},
        Wrong{R"(,"headers":{"X":"{{nope}}"})", "/headers/X", "no placeholder {{nope}}"},
        Wrong{R"(,"headers":{"Content-Length":"3"})", "/headers/Content-Length", "set by the client"},
        Wrong{R"(,"headers":{"Content-Type":"text/xml"},"body":"<t>{{token}}</t>")", "/body", "written safely"},
        Wrong{R"(,"body":"{\"token\":\"{{token}}\"}")", "/body", "brings its own quotes"},
        Wrong{R"(,"body":"{\"a\":\"x {{token}}\"}")", "/body", "brings its own quotes"},
        Wrong{R"(,"body":"{}")", "", "nothing in the request says who asks"},
        Wrong{R"(,"method":"GET")", "", "nothing in the request says who asks"},
        Wrong{R"(,"method":"DELETE")", "/method", "GET, POST"},
        Wrong{R"(,"ca_file":"no.pem")", "/ca_file", "cannot read /nowhere/no.pem"},
        Wrong{R"(,"verify_tls":"no")", "/verify_tls", "true or false"},
        Wrong{R"(,"tiemout":"3s")", "/tiemout", "no such"}));

TEST(Settings, UrlIsChecked) {
  for (const char* bad : {"backend/auth", "ftp://b/", "http://", "http:///x", "http://{{token}}/", "http://b{{token}}/",
                          "http://b/a b", "http://b/../x", "http://b/{{nope}}"}) {
    Fault fault;
    EXPECT_FALSE(parse_settings(R"({"url":")" + std::string(bad) + "\"}", "/", fault)) << bad;
    EXPECT_EQ(fault.pointer, "/url") << bad;
  }
  Fault fault;
  EXPECT_FALSE(parse_settings("{}", "/", fault));
  EXPECT_THAT(fault.what, HasSubstr("url is missing"));
  EXPECT_FALSE(parse_settings("[]", "/", fault));
  EXPECT_FALSE(parse_settings("{", "/", fault));
}

TEST(Settings, AFormEncodesThePlaceholder) {
  Fault fault;
  const auto read =
      parse(R"(,"headers":{"Content-Type":"application/x-www-form-urlencoded"},"body":"t={{token}}")", fault);
  ASSERT_TRUE(read) << fault.what;
  EXPECT_EQ(read->headers.size(), 1u);
}

class ModuleTest : public testing::Test {
 protected:
  const dunlin_module& module = *dunlin_plugin_v1.module;
  FakeHost host;

  dunlin_status configure(std::string_view json, dunlin_settings** out) {
    return module.configure(&host, {json.data(), json.size()}, out);
  }
};

TEST_F(ModuleTest, ServesAuthAndNothingElse) {
  EXPECT_EQ(dunlin_plugin_v1.magic, DUNLIN_MAGIC);
  EXPECT_STREQ(module.name, "http-auth");
  EXPECT_NE(module.get_interface(DUNLIN_AUTH), nullptr);
  EXPECT_EQ(module.get_interface("dunlin.router/1"), nullptr);
}

TEST_F(ModuleTest, ReportsAFault) {
  dunlin_settings* settings = nullptr;
  EXPECT_EQ(configure(R"({"url":"http://b/","timeout":"3"})", &settings), DUNLIN_E_INVALID);
  ASSERT_EQ(host.faults.size(), 1u);
  EXPECT_EQ(host.faults[0].first, "/timeout");
}

TEST_F(ModuleTest, ChecksAToken) {
  dunlin_settings* settings = nullptr;
  dunlin_instance* instance = nullptr;
  ASSERT_EQ(configure(R"({"url":"https://b/","verify_tls":false})", &settings), DUNLIN_OK);
  EXPECT_THAT(host.log.at(0), HasSubstr("verify_tls"));
  ASSERT_EQ(module.create(&host, settings, &instance), DUNLIN_OK);
  const auto* auth = static_cast<const dunlin_auth*>(module.get_interface(DUNLIN_AUTH));
  const dunlin_credentials credentials{{"t", 1}, DUNLIN_LOGIN_MESSAGE, 0};
  EXPECT_EQ(auth->check(instance, 1, &credentials, 10), DUNLIN_PENDING);
  EXPECT_EQ(auth->check(instance, 1, &credentials, 11), DUNLIN_PENDING);
  EXPECT_EQ(host.sent.at(0).flags, DUNLIN_HTTP_NO_VERIFY);
  host.reply(0, 200, R"({"uid":1})");
  EXPECT_EQ(host.answers.at(10).verdict, DUNLIN_ALLOW);
  auth->cancel(instance, 11, DUNLIN_CANCEL_STOPPING);
  EXPECT_EQ(host.open_requests(), 0u);
  module.destroy(instance);
  module.discard(settings);
}

TEST_F(ModuleTest, SchemaAcceptsWhatIsMeantAndRefusesTheRest) {
  rapidjson::Document schema_text;
  ASSERT_FALSE(schema_text.Parse(module.settings_schema).HasParseError());
  const rapidjson::SchemaDocument schema(schema_text);
  const auto accepts = [&](const char* text) {
    rapidjson::Document document;
    document.Parse(text);
    rapidjson::SchemaValidator validator(schema);
    return document.Accept(validator);
  };
  EXPECT_TRUE(accepts(kEverything));
  EXPECT_TRUE(accepts(R"({"url":"http://b/"})"));
  EXPECT_TRUE(accepts(R"({"url":"http://b/","context_fields":{"a":"b.c"}})"));
  for (const char* bad : {"{}", R"({"url":"http://b/","tiemout":"3s"})", R"({"url":""})", R"({"url":"x","retries":9})",
                          R"({"url":"x","cache":{"tll":"3s"}})", R"({"url":"x","context_fields":7})"})
    EXPECT_FALSE(accepts(bad)) << bad;
}

}  // namespace
}  // namespace dunlin::http_auth
