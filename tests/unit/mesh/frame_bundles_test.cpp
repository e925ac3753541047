// SPDX-License-Identifier: Apache-2.0
// A turn's frames for one node are one message, and come out of it as they went in.
#include "core/mesh/frame_bundles.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dunlin {
namespace {

constexpr std::size_t kMost = 1000;

struct FrameBundlesTest : testing::Test {
  struct Message {
    std::uint64_t boot;
    bool asks;
    std::string bytes;
  };
  std::vector<Message> sent;
  FrameBundles bundles{[this](std::uint64_t boot, bool asks, std::string_view bytes) { sent.push_back({boot, asks, std::string(bytes)}); }};

  static std::vector<std::string> frames_of(std::string_view message) {
    std::vector<std::string> frames;
    FrameBundles::split(message, [&frames](std::string_view frame) { frames.emplace_back(frame); });
    return frames;
  }
};

TEST_F(FrameBundlesTest, a_frame_alone_travels_as_it_is) {
  bundles.add(1, true, "\1frame", kMost);
  EXPECT_TRUE(sent.empty());
  bundles.flush();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].bytes, "\1frame");
  EXPECT_TRUE(sent[0].asks);
  EXPECT_EQ(frames_of(sent[0].bytes), std::vector<std::string>{"\1frame"});
}

TEST_F(FrameBundlesTest, each_node_gets_its_frames_in_order_and_nothing_twice) {
  for (int turn = 0; turn < 3; ++turn) {
    for (const char* frame : {"\1a", "\1bc", "\1"}) {
      bundles.add(1, false, frame, kMost);
      if (turn != 1) bundles.add(2, *frame == '\1' && frame[1] == 'a', frame, kMost);
    }
    bundles.flush();
    bundles.flush();
  }
  for (const Message& message : sent) {
    const auto frames = frames_of(message.bytes);
    EXPECT_EQ(frames, (std::vector<std::string>{"\1a", "\1bc", "\1"}));
    EXPECT_EQ(message.asks, message.boot == 2);
  }
  EXPECT_EQ(sent.size(), 5u);
}

TEST_F(FrameBundlesTest, none_is_larger_than_allowed_but_a_frame_that_is) {
  std::vector<std::string> in;
  for (const std::size_t size : {10u, 400u, 600u, 5000u, 1u, 980u, 500u, 400u}) in.push_back("\1" + std::string(size, 'x'));
  for (const std::string& frame : in) bundles.add(7, false, frame, kMost);
  bundles.flush();
  std::vector<std::string> out;
  for (const Message& message : sent) {
    const auto frames = frames_of(message.bytes);
    EXPECT_TRUE(message.bytes.size() <= kMost || frames.size() == 1) << message.bytes.size();
    out.insert(out.end(), frames.begin(), frames.end());
  }
  EXPECT_EQ(out, in);
  EXPECT_LT(sent.size(), in.size());
}

TEST_F(FrameBundlesTest, what_is_cut_off_is_handed_on_as_it_is) {
  bundles.add(1, false, "\1one", kMost);
  bundles.add(1, false, "\1two", kMost);
  bundles.flush();
  const std::string whole = sent[0].bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto frames = frames_of(std::string_view(whole).substr(0, size));
    EXPECT_LE(frames.size(), 2u);
    for (const std::string& frame : frames)
      EXPECT_TRUE(frame == "\1one" || frame.empty() || frame[0] != 1) << size;
  }
}

}  // namespace
}  // namespace dunlin
