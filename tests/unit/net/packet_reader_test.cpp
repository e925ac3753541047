// SPDX-License-Identifier: Apache-2.0
// Packets are the same however the network cuts the stream; what is no length, or too long, ends it.
#include "core/net/packet_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace dunlin {
namespace {

using testing::ElementsAre;
using Next = PacketReader::Next;

// One digit says how many bytes follow it; '-' is no protocol, '!' a fault, 'H' a packet of 100 bytes, 'B' one of 2^40.
std::int64_t digit_length(std::string_view unread) {
  switch (unread[0]) {
    case '-': return -1;
    case '!': return -2;
    case 'H': return 100;
    case 'B': return std::int64_t{1} << 40;
    default: return 1 + (unread[0] - '0');
  }
}

std::int64_t line_length(std::string_view unread) {
  const std::size_t end = unread.find('\n');
  return end == std::string_view::npos ? 0 : static_cast<std::int64_t>(end + 1);
}

class PacketReaderTest : public testing::Test {
 protected:
  PacketReaderTest() { reader.limit(100, 200); }
  // What comes of a read; the packets go to `packets`.
  Next feed(const std::string& bytes) {
    reader.begin(bytes);
    Next next;
    for (std::string_view packet; (next = reader.next(length, packet)) == Next::packet;) packets.emplace_back(packet);
    reader.end();
    return next;
  }

  PacketReader::Length length = digit_length;
  PacketReader reader;
  std::vector<std::string> packets;
};

TEST_F(PacketReaderTest, SeveralPacketsInOneRead) {
  EXPECT_EQ(feed("3abc1x0"), Next::wait);
  EXPECT_THAT(packets, ElementsAre("3abc", "1x", "0"));
  EXPECT_EQ(reader.size(), 0u);
}

TEST_F(PacketReaderTest, AStreamCutAtEveryByte) {
  const std::string stream = "3abc1x05hello";
  for (std::size_t first = 0; first <= stream.size(); ++first)
    for (std::size_t second = first; second <= stream.size(); ++second) {
      packets.clear();
      feed(stream.substr(0, first));
      feed(stream.substr(first, second - first));
      EXPECT_EQ(feed(stream.substr(second)), Next::wait);
      EXPECT_THAT(packets, ElementsAre("3abc", "1x", "0", "5hello")) << first << " " << second;
      EXPECT_EQ(reader.size(), 0u);
    }
}

TEST_F(PacketReaderTest, AStreamByteByByte) {
  length = line_length;
  for (const char c : std::string("one\n\ntwo\nrest")) feed(std::string(1, c));
  EXPECT_THAT(packets, ElementsAre("one\n", "\n", "two\n"));
  EXPECT_EQ(reader.size(), 4u);
}

TEST_F(PacketReaderTest, ALengthThatIsKnownIsNotAskedForAgain) {
  int asked = 0;
  length = [&asked](std::string_view unread) { return ++asked, digit_length(unread); };
  feed("9ab");
  feed("cde");
  feed("fghi");
  EXPECT_THAT(packets, ElementsAre("9abcdefghi"));
  EXPECT_EQ(asked, 1);
}

TEST_F(PacketReaderTest, WhatIsNoProtocolEndsItBehindThePacketsBefore) {
  EXPECT_EQ(feed("1a-"), Next::dropped);
  EXPECT_THAT(packets, ElementsAre("1a"));
}

TEST_F(PacketReaderTest, AFaultEndsIt) { EXPECT_EQ(feed("!"), Next::fault); }

TEST_F(PacketReaderTest, APacketOfExactlyTheLimitIsTaken) {
  const std::string packet = "H" + std::string(99, 'x');
  feed(packet.substr(0, 50));
  feed(packet.substr(50));
  EXPECT_THAT(packets, ElementsAre(packet));
}

TEST_F(PacketReaderTest, ALengthOverTheLimitIsTooBigAtOnce) {
  EXPECT_EQ(feed("B"), Next::too_big);
  PacketReader small;
  small.limit(99, 0);
  std::string_view packet;
  small.begin("H");
  EXPECT_EQ(small.next(digit_length, packet), Next::too_big);
  small.end();
}

TEST_F(PacketReaderTest, WhatMakesNoPacketMayNotFillTheBuffer) {
  length = line_length;
  EXPECT_EQ(feed(std::string(199, 'x')), Next::wait);
  EXPECT_EQ(feed("x"), Next::too_big);
}

TEST_F(PacketReaderTest, ClearedBytesMakeNoPacket) {
  length = [this](std::string_view unread) {
    if (unread.starts_with("hello")) reader.clear();
    return digit_length(unread);
  };
  EXPECT_EQ(feed("1ahello and more"), Next::wait);
  EXPECT_THAT(packets, ElementsAre("1a"));
  EXPECT_EQ(reader.size(), 0u);
  feed("1b");
  EXPECT_THAT(packets, ElementsAre("1a", "1b"));
}

TEST_F(PacketReaderTest, ClearingBetweenReadsForgetsALength) {
  feed("9ab");
  reader.clear();
  feed("1a");
  EXPECT_THAT(packets, ElementsAre("1a"));
}

}  // namespace
}  // namespace dunlin
