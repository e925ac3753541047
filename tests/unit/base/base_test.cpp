// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/base/channel_name.h"
#include "core/base/ids.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/message.h"
#include "core/base/metrics.h"
#include "core/base/result.h"

namespace dunlin {
namespace {

TEST(ClientId, keeps_its_parts_and_reads_decimal_only) {
  const ClientId id(ClientId::kMaxNodes - 1, 255, ClientId::kMaxGeneration, ClientId::kMaxSlot);
  EXPECT_EQ(id.value(), (std::uint64_t{1} << 63) - 1);
  EXPECT_EQ(id.node(), ClientId::kMaxNodes - 1);
  EXPECT_EQ(id.worker(), 255u);
  EXPECT_EQ(id.generation(), ClientId::kMaxGeneration);
  EXPECT_EQ(id.slot(), ClientId::kMaxSlot);
  EXPECT_EQ(ClientId::parse(id.text()), id);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1e3", "9223372036854775808", "99999999999999999999"})
    EXPECT_FALSE(ClientId::parse(bad)) << bad;
}

TEST(Message, frames_have_the_shortest_header) {
  const std::pair<std::size_t, std::size_t> kHeaders[] = {{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}};
  for (const auto& [size, header] : kHeaders) {
    const std::string payload(size, 'x');
    const MessageRef message = Message::make(Kind::binary, payload);
    EXPECT_EQ(message->frame().size(), header + size);
    EXPECT_EQ(message->payload(), payload);
    EXPECT_EQ(static_cast<unsigned char>(message->frame()[0]), 0x82);
  }
  EXPECT_EQ(Message::make(Kind::text, std::string(300, 'x'))->frame().substr(0, 4), (std::string_view("\x81\x7e\x01\x2c", 4)));
}

TEST(Json, integers_keep_every_digit) {
  for (const char* text : {"1463786910324359168", "9223372036854775807", "-9223372036854775808", "18446744073709551615"})
    EXPECT_EQ(json::print(*json::parse(text)), text);
}

TEST(Json, refuses_what_is_none) {
  for (const std::string& bad : {std::string(""), std::string("{"), std::string("{}x"), std::string("[1,]"), std::string("nul"),
                                std::string("\"\xff\""), std::string("{}\0", 3), std::string("{\"a\":1}\0x", 9), std::string("\xbf{}"),
                                std::string("\xef\xbb\xbf{}")}) {
    EXPECT_FALSE(json::parse(bad)) << bad;
    EXPECT_FALSE(json::valid(bad)) << bad;
  }
  EXPECT_TRUE(json::valid(" [1, {\"a\": null}] "));
}

TEST(Json, has_no_control_character_wherever_it_stands) {
  for (std::size_t before = 0; before < 70; ++before)
    for (char c = 0; c < ' '; ++c) {
      const std::string text = "{\"a\":\"" + std::string(before, 'x') + c + std::string(70 - before, 'x') + "\"}";
      EXPECT_FALSE(json::parse(text)) << before << ": " << int{c};
      EXPECT_FALSE(json::valid(text)) << before << ": " << int{c};
    }
  EXPECT_EQ(json::parse("[1,\x1c]").error().why, "The control character \\u001c, which must be escaped, at byte 3");
  EXPECT_TRUE(json::parse("[\t1,\r\n2]"));
}

TEST(Json, deep_nesting_exhausts_nothing) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(json::valid(nested(200'000)));
  EXPECT_EQ(json::print(*json::parse(nested(512))), nested(512));
  EXPECT_EQ(json::parse(nested(513)).error().why, "Nested deeper than 512 levels at byte 513");
  EXPECT_FALSE(json::parse(nested(200'000)));
}

// Whatever its parts are: in the first block, in further ones, and with stacks that outgrow their first place.
TEST(Json, what_was_parsed_prints_the_same) {
  std::string object = "{", array = "[";
  for (int i = 0; i < 3000; ++i) {
    object += fmt::format(R"({}"key {}":{{"a":[],"b":"\u00e9 and {}","c":[[{}.5,null],true]}})", i > 0 ? "," : "", i,
                          std::string(i % 90, 'x'), i);
    array += fmt::format("{}{}", i > 0 ? "," : "", i);
    for (const std::string& text : {object + "}", array + "]"}) {
      if (i > 40 && i % 400 != 0) continue;
      const auto document = json::parse(text);
      ASSERT_TRUE(document) << document.error().why;
      ASSERT_EQ(json::print(*document), json::print(*json::parse(json::print(*document))));
      if (text[0] == '[') { ASSERT_EQ(json::print(*document), text); }
    }
  }
  EXPECT_STREQ((*json::parse(object + "}"))["key 2999"]["b"].GetString(), ("\u00e9 and " + std::string(2999 % 90, 'x')).c_str());
}

TEST(Json, quotes_always_validly) {
  EXPECT_EQ(json::quote("a\"b\n"), R"("a\"b\n")");
  EXPECT_EQ(json::quote("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_TRUE(json::valid(json::quote(std::string("\0\x01\xc3", 3))));
}

TEST(Utf8, as_rfc_3629_has_it) {
  // Wherever it stands in a text: many bytes are looked at at once.
  const auto anywhere = [](const char* part, bool good) {
    for (std::size_t before = 0; before < 80; ++before)
      for (const char* around : {"a", "\xc3\xa4"}) {
        std::string text;
        for (std::size_t i = 0; i < before; ++i) text += around;
        EXPECT_EQ(is_utf8(text + part), good) << before << ": " << part;
        EXPECT_EQ(is_utf8(text + part + "b" + text), good) << before << ": " << part;
      }
  };
  for (const char* part : {"", "plain ascii text", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\xa6", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    anywhere(part, true);
  for (const char* part : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xff"})
    anywhere(part, false);
}

TEST(ChannelName, is_bounded_and_printable) {
  EXPECT_TRUE(valid_channel("user:1001"));
  EXPECT_TRUE(valid_channel(std::string(255, 'x')));
  for (const std::string& bad : {std::string(), std::string(256, 'x'), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff")})
    EXPECT_FALSE(valid_channel(bad)) << bad;
}

TEST(Log, a_line_is_one_line_whatever_is_in_it) {
  const std::string text = format_line(LogFormat::text, Level::info, "what", {{"a", "x y\n\""}, {"n", 5}, {"p", "plain"}}, 0);
  EXPECT_EQ(text, "1970-01-01T00:00:00.000Z info  what a=\"x y\\n\\\"\" n=5 p=plain\n");
  const std::string line = format_line(LogFormat::json, Level::error, "what", {{"a", "\xff\n"}, {"n", -5}}, 1'234);
  EXPECT_TRUE(json::valid(line.substr(0, line.size() - 1))) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Result, holds_a_value_or_why_not) {
  const Result<int> good = 5, bad = fail(Errc::denied, "no");
  EXPECT_EQ(*good, 5);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().why, "no");
  EXPECT_DEATH((void)*bad, "broken invariant");
}

TEST(DurationHistogram, counts_into_cumulative_buckets) {
  DurationHistogram histogram;
  for (const std::int64_t ns : {500, 1000, 1001, 2'000'000'000}) histogram.record_ns(ns);
  Sample sample;
  histogram.collect(sample);
  EXPECT_EQ(sample.count, 4u);
  EXPECT_EQ(sample.buckets.front().second, 2u);
  EXPECT_EQ(sample.buckets[1].second, 3u);
  EXPECT_EQ(sample.buckets.back().second, 3u);
}

}  // namespace
}  // namespace dunlin
