// SPDX-License-Identifier: Apache-2.0
// FrameReader: from bytes to messages, in whatever pieces they come.
#include "core/net/ws_frames.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace dunlin {
namespace {

std::string masked(unsigned first, std::string payload, unsigned mask_bit = 0x80) {
  const std::string mask = "\x37\xfa\x21\x3d";
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() <= 0xffff) {
    out += static_cast<char>(mask_bit | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  } else {
    out += static_cast<char>(mask_bit | 127);
    for (int i = 7; i >= 0; --i) out += static_cast<char>(payload.size() >> 8 * i);
  }
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return out + payload;
}

class Frames : public ::testing::Test, protected FrameReader::Listener {
 protected:
  bool on_message(Kind kind, std::string_view data) override {
    got.push_back((kind == Kind::text ? "text " : "binary ") + std::string(data));
    return go_on;
  }
  bool on_control(unsigned opcode, std::string_view data) override {
    got.push_back(std::to_string(opcode) + " " + std::string(data));
    return true;
  }
  int feed(std::string bytes) { return reader.feed(bytes.data(), bytes.size()).code; }

  std::vector<std::string> got;
  bool go_on = true;
  FrameReader reader{*this, 100'000};
};

TEST_F(Frames, the_example_of_the_rfc) {
  EXPECT_EQ(feed("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), 0);
  EXPECT_EQ(got, std::vector<std::string>{"text Hello"});
}

TEST_F(Frames, every_length_in_any_pieces) {
  std::mt19937 random(7);
  std::string stream;
  std::vector<std::string> expected;
  for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 125u, 126u, 127u, 1000u, 65535u, 65536u, 99'999u}) {
    std::string payload(size, 'x');
    for (char& c : payload) c = static_cast<char>('a' + random() % 26);
    expected.push_back("text " + payload);
    stream += masked(0x81, payload);
    stream += masked(0x89, "p");
    expected.push_back("9 p");
  }
  for (const std::size_t most : {1u, 2u, 100u, 70'000u, 1'000'000u}) {
    got.clear();
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = 1 + random() % most;
      ASSERT_EQ(feed(stream.substr(at, size)), 0);
      at += size;
    }
    EXPECT_EQ(got, expected);
  }
}

TEST_F(Frames, fragments_with_control_frames_between) {
  EXPECT_EQ(feed(masked(0x01, "a") + masked(0x89, "p") + masked(0x00, "b") + masked(0x80, "c")), 0);
  EXPECT_EQ(got, (std::vector<std::string>{"9 p", "text abc"}));
}

TEST_F(Frames, a_reader_that_rests_keeps_what_follows) {
  go_on = false;
  EXPECT_EQ(feed(masked(0x81, "a") + masked(0x81, "b") + masked(0x82, "c")), 0);
  EXPECT_EQ(got.size(), 1u);
  EXPECT_TRUE(reader.holds_input());
  EXPECT_EQ(reader.resume().code, 0);
  EXPECT_EQ(got.size(), 2u);
  go_on = true;
  EXPECT_EQ(reader.resume().code, 0);
  EXPECT_EQ(got, (std::vector<std::string>{"text a", "text b", "binary c"}));
  EXPECT_FALSE(reader.holds_input());
  EXPECT_EQ(reader.resume().code, 0);
}

struct Bad {
  std::string bytes;
  int code;
};

class BadFrames : public Frames, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadFrames, end_it) {
  EXPECT_EQ(feed(GetParam().bytes), GetParam().code);
  EXPECT_EQ(feed(masked(0x81, "more")), 0);
  EXPECT_TRUE(got.empty());  // nothing is heard after it
}

INSTANTIATE_TEST_SUITE_P(
    all, BadFrames,
    ::testing::Values(Bad{masked(0x81, "x", 0), 1002}, Bad{masked(0xc1, "x"), 1002}, Bad{masked(0x83, "x"), 1002},
                      Bad{masked(0x8b, "x"), 1002}, Bad{masked(0x09, "x"), 1002},
                      Bad{masked(0x89, std::string(126, 'x')), 1002}, Bad{masked(0x80, "x"), 1002},
                      Bad{masked(0x01, "x") + masked(0x81, "y"), 1002}, Bad{masked(0x81, "\xff"), 1007},
                      Bad{masked(0x81, "\xed\xa0\x80"), 1007}, Bad{masked(0x81, std::string(100'001, 'x')), 1009},
                      Bad{masked(0x01, std::string(60'000, 'x')) + masked(0x80, std::string(60'000, 'x')), 1009},
                      Bad{std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask", 1009}));

TEST_F(Frames, random_bytes_never_harm) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    FrameReader fresh(*this, 1000);
    std::string bytes = masked(0x81, "hello") + masked(0x01, "a") + masked(0x80, "b");
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    const std::size_t cut = random() % bytes.size();
    if (fresh.feed(bytes.data(), cut).code == 0) fresh.feed(bytes.data() + cut, bytes.size() - cut);
  }
}

TEST(WebSocketFrame, what_the_server_sends) {
  std::string out;
  append_frame(out, 1, "Hello");
  EXPECT_EQ(out, "\x81\x05Hello");
  out.clear();
  append_frame(out, 1, std::string(256, 'x'));
  EXPECT_EQ(out.substr(0, 4), std::string("\x81\x7e\x01\x00", 4));
  out.clear();
  append_frame(out, 1, std::string(65536, 'x'));
  EXPECT_EQ(out.substr(0, 10), std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST(WebSocketAccept, the_example_of_the_rfc) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace dunlin
