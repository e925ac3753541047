// SPDX-License-Identifier: Apache-2.0
// What the load client's check rests on: every fault of a message shows.
#include "core/bench/payload.h"

#include <gtest/gtest.h>

#include "core/bench/histogram.h"

namespace dunlin::bench {
namespace {

constexpr Stamp kStamp{3, 0x1234567890, 77};

TEST(Payload, ComesBackAsItWasMade) {
  for (const std::size_t size : {40u, 41u, 100u, 5000u}) {
    const std::string made = make_payload(kStamp, size);
    ASSERT_EQ(made.size(), size);
    std::string_view text = made;
    const auto found = next_payload(text, size);
    ASSERT_TRUE(found && found->whole);
    EXPECT_EQ(found->stamp.channel, kStamp.channel);
    EXPECT_EQ(found->stamp.number, kStamp.number);
    EXPECT_EQ(found->stamp.message, kStamp.message);
    EXPECT_TRUE(text.empty());
  }
}

TEST(Payload, IsFoundInWhatAProtocolWrapsItIn) {
  const std::string made = make_payload(kStamp, 50), two = "MSG x 1 50\r\n" + made + "\r\nMSG x 1 50\r\n" + made + "\r\n";
  std::string_view text = two;
  EXPECT_TRUE(next_payload(text, 50)->whole);
  EXPECT_TRUE(next_payload(text, 50)->whole);
  EXPECT_FALSE(next_payload(text, 50));
  std::string_view nothing = "{\"result\":true}";
  EXPECT_FALSE(next_payload(nothing, 50));
}

TEST(Payload, ADamagedByteShowsWhereverItIs) {
  const std::string made = make_payload(kStamp, 100);
  for (std::size_t at = 0; at < made.size(); ++at) {
    std::string damaged = made;
    damaged[at] = '!';
    std::string_view text = damaged;
    const auto found = next_payload(text, 100);
    EXPECT_FALSE(found && found->whole) << at;
  }
}

TEST(Payload, OneThatIsCutOffIsNotWhole) {
  const std::string made = make_payload(kStamp, 100);
  std::string_view text = std::string_view(made).substr(0, 99);
  EXPECT_FALSE(next_payload(text, 100)->whole);
}

TEST(Histogram, KeepsAValueToWithinASixtyFourth) {
  for (const std::int64_t ns : {0LL, 1LL, 63LL, 64LL, 1000LL, 123'456LL, 987'654'321LL, 4'000'000'000'000LL}) {
    Histogram one;
    one.record(ns);
    const double microseconds = static_cast<double>(ns) / 1000;
    EXPECT_GE(one.microseconds(0.5), microseconds * 0.999);
    EXPECT_LE(one.microseconds(0.5), microseconds * (1 + 1 / 64.0) + 0.001);
  }
}

TEST(Histogram, AShareOfItsValues) {
  Histogram values;
  EXPECT_EQ(values.microseconds(0.99), 0);
  for (int i = 1; i <= 1000; ++i) values.record(i * 1000);
  EXPECT_NEAR(values.microseconds(0.5), 500, 10);
  EXPECT_NEAR(values.microseconds(0.99), 990, 16);
  EXPECT_NEAR(values.microseconds(1), 1000, 16);
}

}  // namespace
}  // namespace dunlin::bench
