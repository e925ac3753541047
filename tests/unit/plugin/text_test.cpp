// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/base/channel_name.h"
#include "core/plugin/abi_text.h"

namespace dunlin {
namespace {

TEST(OneLine, ForgesNoSecondLine) {
  EXPECT_EQ(one_line("plain ünïcode"), "plain ünïcode");
  EXPECT_EQ(one_line("a\nb\tc\rd"), "a\\nb c\\x0dd");
  EXPECT_EQ(one_line(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(one_line("\xff\xfe"), "\\xff\\xfe");
}

TEST(AbiText, ASizeNeedsData) {
  EXPECT_TRUE(sound(dunlin_str{nullptr, 0}));
  EXPECT_FALSE(sound(dunlin_str{nullptr, 1}));
  EXPECT_STREQ(lend({}).data, "");  // the host's strings always end with a NUL
}

TEST(AbiText, NoTimeIsTooLong) {
  EXPECT_EQ(millis(5), Millis{5});
  EXPECT_GT(millis(UINT64_MAX).count(), 0);
  EXPECT_LT(millis(UINT64_MAX), Millis{INT64_MAX / 1'000'000});  // no clock overflows by it
}

TEST(AbiText, NamesStatuses) {
  EXPECT_EQ(status_name(DUNLIN_E_TIMEOUT), "E_TIMEOUT");
  EXPECT_EQ(status_name(-99), "status -99");
}

TEST(ChannelName, IsOneTo255BytesOfTextWithoutControls) {
  for (const char* name : {"a", "user:1001", "@user", "with space", "kanał"}) EXPECT_TRUE(valid_channel(name)) << name;
  EXPECT_TRUE(valid_channel(std::string(255, 'x')));
  EXPECT_FALSE(valid_channel(std::string(256, 'x')));
  EXPECT_FALSE(valid_channel(""));
  for (const char* name : {"a\n", "\x01", "\x7f", "\xc3", "\xed\xa0\x80"}) EXPECT_FALSE(valid_channel(name)) << name;
}

}  // namespace
}  // namespace dunlin
