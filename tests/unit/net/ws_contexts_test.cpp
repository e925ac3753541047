// SPDX-License-Identifier: Apache-2.0
#include "core/net/ws_contexts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

namespace dunlin {
namespace {

std::int64_t entries(const std::vector<int>& ends) { return std::accumulate(ends.begin(), ends.end(), std::int64_t{0}); }

TEST(DescriptorRanges, OneIsEnoughForFewFiles) {
  for (const int limit : {1, 256, 1024, 2048, 2500}) EXPECT_EQ(descriptor_ranges(30, limit), std::vector{limit});
}

TEST(DescriptorRanges, GrowUpToTheLimit) {
  EXPECT_EQ(descriptor_ranges(30, 10'000), (std::vector{2048, 3072, 4608, 6912, 10'000}));
  for (const int limit : {4096, 20'000, 65'536, 100'000, 1'000'000, 10'000'000}) {
    const std::vector<int> ends = descriptor_ranges(30, limit);
    EXPECT_EQ(ends.back(), limit);
    for (std::size_t i = 1; i < ends.size(); ++i) {
      EXPECT_GT(ends[i], ends[i - 1]);
      // Or a connection would pay for descriptors far above its own.
      EXPECT_LE(ends[i], ends[i - 1] * (ends[i - 1] < 65'536 ? 2 : 5));
    }
  }
}

// Of 16 bytes, in each worker.
TEST(DescriptorRanges, TablesStaySmallBesideTheLast) {
  for (const int limit : {4096, 20'000, 65'536}) EXPECT_LE(entries(descriptor_ranges(30, limit)), 3.4 * limit);
  for (const int limit : {500'000, 1'000'000, 10'000'000}) EXPECT_LE(entries(descriptor_ranges(30, limit)), 2.3 * limit);
}

TEST(DescriptorRanges, TheFirstHasRoomAboveWhatIsInUse) {
  EXPECT_EQ(descriptor_ranges(1024, 65'536).front(), 2048);
  EXPECT_EQ(descriptor_ranges(3000, 65'536).front(), 4024);
  EXPECT_EQ(descriptor_ranges(64'000, 65'536), std::vector{65'536});
  EXPECT_EQ(descriptor_ranges(65'536, 65'536), std::vector{65'536});
}

}  // namespace
}  // namespace dunlin
