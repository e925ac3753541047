// SPDX-License-Identifier: Apache-2.0
// What a module's process writes is believed only as far as it makes sense.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/isolation/messages.h"
#include "core/isolation/wire.h"

namespace dunlin {
namespace {

Answer answer() {
  Answer answer;
  answer.verdict = DUNLIN_ALLOW;
  answer.identity.uid = "1463786910324359168";
  answer.identity.uid_kind = DUNLIN_UID_NUMBER;
  answer.identity.expires_at_ms = 1'700'000'000'000;
  answer.identity.context = {{"name", "\"Ann\""}, {"roles", "[1,2]"}};
  answer.identity.channels = {"news", "user:7"};
  answer.reason = "because";
  return answer;
}

std::string written() {
  std::string out;
  WireWriter frame(out, FrameKind::answer);
  frame.number<dunlin_ticket>(77);
  put(frame, answer());
  return out;
}

std::string_view text(const dunlin_str& given) { return {given.data, given.size}; }

TEST(Wire, FramesComeOutWholeHoweverTheBytesCome) {
  std::string bytes;
  for (int i = 0; i < 3; ++i) WireWriter(bytes, FrameKind::cancel).number<std::uint64_t>(7).text("why");
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, bytes.size()}) {
    WireBuffer buffer;
    int frames = 0;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      buffer.add(std::string_view(bytes).substr(at, step));
      while (const auto frame = buffer.next()) {
        WireReader in(*frame);
        EXPECT_EQ(in.kind(), FrameKind::cancel);
        EXPECT_EQ(in.number<std::uint64_t>(), 7u);
        EXPECT_EQ(in.text(), "why");
        EXPECT_TRUE(in.ok() && in.ended());
        ++frames;
      }
    }
    EXPECT_EQ(frames, 3);
  }
}

TEST(Wire, ASizeThatCannotBeEndsIt) {
  for (const std::uint32_t size : {std::uint32_t{0}, static_cast<std::uint32_t>(WireBuffer::kLargest + 1), ~0u}) {
    WireBuffer buffer;
    buffer.add({reinterpret_cast<const char*>(&size), sizeof size});
    EXPECT_FALSE(buffer.next());
    EXPECT_TRUE(buffer.flawed());
  }
}

TEST(Wire, AnAnswerArrivesAsItWasGiven) {
  const std::string bytes = written();
  WireReader in(std::string_view(bytes).substr(sizeof(std::uint32_t)));
  EXPECT_EQ(in.kind(), FrameKind::answer);
  EXPECT_EQ(in.number<dunlin_ticket>(), 77u);
  Said said;
  ASSERT_TRUE(get(in, said));
  EXPECT_EQ(said.verdict, DUNLIN_ALLOW);
  EXPECT_FALSE(said.fault);
  EXPECT_EQ(text(said.uid.text), "1463786910324359168");
  EXPECT_EQ(said.expires_at_ms, 1'700'000'000'000);
  ASSERT_EQ(said.context.size(), 2u);
  EXPECT_EQ(text(said.context[1].value), "[1,2]");
  ASSERT_EQ(said.channels.size(), 2u);
  EXPECT_EQ(text(said.channels[0]), "news");
}

TEST(Wire, ACutAnswerIsNone) {
  const std::string bytes = written();
  for (std::size_t size = sizeof(std::uint32_t) + 1; size < bytes.size(); ++size) {
    WireReader in(std::string_view(bytes).substr(sizeof(std::uint32_t), size - sizeof(std::uint32_t)));
    in.kind();
    in.number<dunlin_ticket>();
    Said said;
    EXPECT_FALSE(get(in, said)) << size;
  }
}

TEST(Wire, GarbageIsRefusedAndReadsNothingBeyond) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 5 == 0 ? random() : random() % 4);
    Said said;
    WireReader answers(bytes);
    EXPECT_TRUE(!get(answers, said) || answers.ended());
    InstanceMetrics::Figure figure{};
    WireReader figures(bytes);
    EXPECT_TRUE(!get(figures, figure) || figures.ended());
    Visit visit;
    WireReader visits(bytes);
    EXPECT_TRUE(!get(visits, visit) || visits.ok());
    Configured configured;
    WireReader configurations(bytes);
    EXPECT_TRUE(!get(configurations, configured) || configurations.ended());
  }
}

TEST(Wire, WhatAProcessIsToldToStartArrives) {
  Start start;
  start.plugin_directory = "/plugins", start.config_file = "dunlin.yaml", start.config_directory = "/etc/dunlin";
  start.use.module = "jwt-auth", start.use.settings = R"({"a":1})";
  start.use.place = {4, 9};
  start.use.places = std::make_shared<Places>(Places{{"", {7, 3}}, {"/a", {8, 5}}});
  start.worker = 3;
  std::string bytes;
  put(bytes, start);
  WireReader in(std::string_view(bytes).substr(sizeof(std::uint32_t)));
  EXPECT_EQ(in.kind(), FrameKind::start);
  Start read;
  ASSERT_TRUE(get(in, read));
  EXPECT_EQ(read.use.module, "jwt-auth");
  EXPECT_EQ(read.use.place.column, 9);
  EXPECT_EQ(read.use.places->at("/a").line, 8);
  EXPECT_EQ(read.worker, 3u);
}

}  // namespace
}  // namespace dunlin
