// SPDX-License-Identifier: Apache-2.0
// POST /v1/mesh/publish and /v1/mesh/send: what they pass on, what they answer, what they refuse.
#include "tests/unit/api/api_scene.h"

namespace dunlin {
namespace {

constexpr const char* kPublish = "/v1/mesh/publish";
constexpr const char* kSend = "/v1/mesh/send";

class ApiPublish : public ApiScene {};

TEST_F(ApiPublish, hands_text_to_the_mesh) {
  const HttpAnswer answer = post(kPublish, R"({"c":"user:1001","d":"hé \u0001"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.type, "application/json");
  EXPECT_EQ(answer.body, R"({"E":null,"r":{"s":2,"f":1}})");
  ASSERT_EQ(mesh_.asked.size(), 1u);
  EXPECT_EQ(mesh_.asked[0].channel, "user:1001");
  EXPECT_EQ(mesh_.asked[0].kind, Kind::text);
  EXPECT_EQ(mesh_.asked[0].payload, "hé \x01");
}

TEST_F(ApiPublish, hands_binary_to_the_mesh) {
  EXPECT_EQ(post(kPublish, R"({"c":"a","d":"AAH/","t":"binary"})").status, 200);
  EXPECT_EQ(mesh_.asked[0].kind, Kind::binary);
  EXPECT_EQ(mesh_.asked[0].payload, std::string("\x00\x01\xff", 3));
  EXPECT_EQ(post(kPublish, R"({"c":"a","d":"AA==","t":"binary"})").status, 200);
  EXPECT_EQ(mesh_.asked[1].payload, std::string(1, '\0'));
  EXPECT_EQ(post(kPublish, R"({"c":"a","d":"","t":"binary"})").status, 200);
  EXPECT_EQ(mesh_.asked[2].payload, "");
}

TEST_F(ApiPublish, null_is_as_good_as_nothing_where_nothing_is_needed) {
  EXPECT_EQ(post(kPublish, R"({"c":"a","d":"b","t":null,"wait":null})").status, 200);
  EXPECT_EQ(mesh_.asked[0].kind, Kind::text);
}

TEST_F(ApiPublish, passes_over_what_it_does_not_know_and_counts_it) {
  EXPECT_EQ(post(kPublish, R"({"c":"a","d":"b","trace":{"id":1},"priority":null,"priority":2})").status, 200);
  EXPECT_EQ(post(kPublish, R"([{"c":"a","d":"b"},{"x":1,"c":"a","d":"b"}])").status, 200);
  EXPECT_EQ(mesh_.asked.size(), 3u);
  EXPECT_EQ(post(kSend, R"({"c":"5","D":"x"})").body, R"({"E":{"c":101,"m":"\"d\" is missing"}})");
  EXPECT_EQ(counters_.get(Counter::unknown_fields), 5u);
}

TEST_F(ApiPublish, answers_when_the_last_has_reported) {
  mesh_.at_once = false;
  EXPECT_EQ(post(kPublish, R"({"c":"a","d":"b","t":"text"})").status, 0);
  ASSERT_EQ(mesh_.published.size(), 1u);
  mesh_.published[0]({7, 0});
  ASSERT_EQ(answers_->all.size(), 1u);
  EXPECT_EQ(answers_->all[0].body, R"({"E":null,"r":{"s":7,"f":0}})");
}

TEST_F(ApiPublish, send_takes_a_client_id_in_text_and_as_a_number) {
  EXPECT_EQ(post(kSend, R"({"c":"9223372036854775807","d":"x"})").body, R"({"E":null,"r":{"s":true}})");
  EXPECT_EQ(post(kSend, R"({"c":9223372036854775807,"d":"x"})").body, R"({"E":null,"r":{"s":true}})");
  EXPECT_EQ(post(kSend, R"({"c":1463786910324359169,"d":"x"})").status, 200);
  ASSERT_EQ(mesh_.asked.size(), 3u);
  EXPECT_EQ(mesh_.asked[0].client.value(), 9223372036854775807u);
  EXPECT_EQ(mesh_.asked[1].client.value(), 9223372036854775807u);
  EXPECT_EQ(mesh_.asked[2].client.value(), 1463786910324359169u);
}

TEST_F(ApiPublish, a_send_that_failed_is_answered_with_its_code) {
  for (const auto& [status, why] : std::vector<std::pair<SendStatus, std::string>>{
           {SendStatus::no_such_connection, "no such connection"},
           {SendStatus::full, "the connection reads too slowly"},
           {SendStatus::timeout, "the connection's worker or node did not report in time"}}) {
    mesh_.status = status;
    const HttpAnswer answer = post(kSend, R"({"c":"5","d":"x"})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"E":{"c":401,"m":")" + why + R"("}})");
  }
}

struct Bad {
  const char* name;
  const char* path;
  std::string body;
  const char* why;  // as JSON text
};

class ApiBadInput : public ApiScene, public ::testing::WithParamInterface<Bad> {};

TEST_P(ApiBadInput, is_refused_with_what_was_wrong) {
  const HttpAnswer answer = post(GetParam().path, GetParam().body);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, std::string(R"({"E":{"c":101,"m":")") + GetParam().why + R"("}})");
  EXPECT_TRUE(json::valid(answer.body));
  EXPECT_TRUE(mesh_.asked.empty());
}

const std::string kLong(256, 'a');

INSTANTIATE_TEST_SUITE_P(
    all, ApiBadInput,
    ::testing::Values(
        Bad{"an_array_of_numbers", kPublish, "[1]", "[0]: the body is a number; must be an object"},
        Bad{"an_array", kSend, "[]", "the body is an array; must be an object"},
        Bad{"no_channel", kPublish, R"({"d":"x"})", R"(\"c\" is missing)"},
        Bad{"no_data", kPublish, R"({"c":"x"})", R"(\"d\" is missing)"},
        Bad{"a_number_for_data", kPublish, R"({"c":"x","d":5})", R"(\"d\" is a number; must be a string)"},
        Bad{"null_for_data", kPublish, R"({"c":"x","d":null})", R"(\"d\" is null; must be a string)"},
        Bad{"an_object_for_data", kPublish, R"({"c":"x","d":{}})", R"(\"d\" is an object; must be a string)"},
        Bad{"a_list_for_a_channel", kPublish, R"({"c":["x"],"d":"y"})", R"(\"c\" is an array; must be a string)"},
        Bad{"a_bool_for_a_type", kPublish, R"({"c":"x","d":"y","t":true})",
            R"(\"t\" is true or false; must be a string)"},
        Bad{"another_type", kPublish, R"({"c":"x","d":"y","t":"x"})",
            R"(\"t\" is \"x\"; must be \"text\" or \"binary\")"},
        Bad{"a_field_twice", kPublish, R"({"c":"x","d":"y","c":"z"})", R"(\"c\" is given twice)"},
        Bad{"an_empty_channel", kPublish, R"({"c":"","d":"y"})",
            R"(\"c\" is no channel; must be 1 to 255 bytes of UTF-8 without control characters)"},
        Bad{"a_long_channel", kPublish, R"({"c":")" + kLong + R"(","d":"y"})",
            R"(\"c\" is no channel; must be 1 to 255 bytes of UTF-8 without control characters)"},
        Bad{"a_control_character_in_a_channel", kPublish, R"({"c":"a\nb","d":"y"})",
            R"(\"c\" is no channel; must be 1 to 255 bytes of UTF-8 without control characters)"},
        Bad{"no_base64", kPublish, R"({"c":"x","d":"a-b_","t":"binary"})",
            R"(\"d\" is not base64, which \"t\":\"binary\" asks for)"},
        Bad{"base64_without_padding", kPublish, R"({"c":"x","d":"AA","t":"binary"})",
            R"(\"d\" is not base64, which \"t\":\"binary\" asks for)"},
        Bad{"base64_with_a_line_break", kPublish, R"({"c":"x","d":"AAAA\nAAA","t":"binary"})",
            R"(\"d\" is not base64, which \"t\":\"binary\" asks for)"},
        Bad{"a_client_id_beyond_63_bits", kSend, R"({"c":"9223372036854775808","d":"x"})",
            R"(\"c\" is no client id; must be a decimal string up to 9223372036854775807)"},
        Bad{"a_number_beyond_63_bits", kSend, R"({"c":9223372036854775808,"d":"x"})",
            R"(\"c\" is no client id; must be a decimal string up to 9223372036854775807)"},
        Bad{"a_negative_client_id", kSend, R"({"c":-1,"d":"x"})",
            R"(\"c\" is no client id; must be a decimal string up to 9223372036854775807)"},
        Bad{"a_fraction", kSend, R"({"c":1.5,"d":"x"})",
            R"(\"c\" is no client id; must be a decimal string up to 9223372036854775807)"},
        Bad{"a_hexadecimal_client_id", kSend, R"({"c":"0x10","d":"x"})",
            R"(\"c\" is no client id; must be a decimal string up to 9223372036854775807)"},
        Bad{"no_client_id", kSend, R"({"d":"x"})", R"(\"c\" is missing)"},
        Bad{"null_for_a_client_id", kSend, R"({"c":null,"d":"x"})", R"(\"c\" is null; must be a string)"}),
    [](const auto& test) { return test.param.name; });

class ApiNotJson : public ApiScene, public ::testing::WithParamInterface<std::string> {};

TEST_P(ApiNotJson, is_refused) {
  const HttpAnswer answer = post(kPublish, GetParam());
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"({"E":{"c":101,"m":")"), std::string::npos) << answer.body;
  EXPECT_TRUE(json::valid(answer.body)) << answer.body;
  EXPECT_TRUE(mesh_.asked.empty());
}

INSTANTIATE_TEST_SUITE_P(all, ApiNotJson,
                         ::testing::Values("", "{", "c=user:1001&d=hello", R"({"c":"x","d":"y"} {})",
                                           "{\"c\":\"x\",\"d\":\"\xff\"}", "{\"c\":\"x\xc0\xaf\",\"d\":\"y\"}",
                                           R"({"c":"x","d":"\ud800"})", R"({"c":"x","d":"\udc00"})",
                                           R"({"c":"\udc00","d":"x"})", std::string("{\"c\":\"x\",\"d\":\"y\"}\0", 18),
                                           std::string(100'000, '['), R"({'c':'x','d':'y'})"));

}  // namespace
}  // namespace dunlin
