// SPDX-License-Identifier: Apache-2.0
// A connection's channels against a map: whatever comes and goes, each is found where its index says.
#include "core/hub/memberships.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "core/hub/channels.h"

namespace dunlin {
namespace {

// Does with the indices what a connection does: keeps them, and is told of each that moves.
struct Kept {
  Memberships memberships;
  std::map<const Channel*, std::uint32_t> indices;

  auto moved() {
    return [this](const Memberships::Entry& entry, std::uint32_t index) { indices.at(entry.channel) = index; };
  }
  void add(Channel* channel, std::uint32_t place) { indices[channel] = memberships.add({channel, place}, moved()); }
  void remove(const Channel* channel) {
    const std::uint32_t index = indices.at(channel);
    indices.erase(channel);
    memberships.remove(index, moved());
  }
  void expect_all_found() {
    ASSERT_EQ(memberships.count(), indices.size());
    std::size_t there = 0;
    for (std::uint32_t i = 0; i < memberships.slots(); ++i) there += memberships[i].channel != nullptr;
    ASSERT_EQ(there, indices.size());
    for (const auto& [channel, index] : indices) {
      ASSERT_EQ(memberships.find(channel), index);
      ASSERT_EQ(memberships[index].channel, channel);
    }
  }
};

TEST(Memberships, one_channel_takes_one_slot) {
  Kept kept;
  EXPECT_EQ(kept.memberships.slots(), 0u);
  Channel channel;
  EXPECT_EQ(kept.memberships.find(&channel), Memberships::kNone);
  kept.add(&channel, 7);
  EXPECT_EQ(kept.memberships.slots(), 1u);
  EXPECT_EQ(kept.memberships[kept.memberships.find(&channel)].place, 7u);
  kept.remove(&channel);
  EXPECT_EQ(kept.memberships.find(&channel), Memberships::kNone);
  kept.add(&channel, 8);
  EXPECT_EQ(kept.memberships.slots(), 1u);
}

TEST(Memberships, a_table_does_not_outlive_its_last_channel) {
  std::vector<Channel> channels(100);
  Kept kept;
  for (Channel& channel : channels) kept.add(&channel, 0);
  EXPECT_EQ(kept.memberships.slots(), 256u);
  for (Channel& channel : channels) kept.remove(&channel);
  EXPECT_EQ(kept.memberships.slots(), 0u);
}

TEST(Memberships, any_mix_of_coming_and_going_agrees_with_a_map) {
  std::mt19937 random(20240601);
  for (const std::size_t most : {3u, 16u, 17u, 40u, 43u, 300u}) {
    std::vector<Channel> channels(most * 2);
    Kept kept;
    for (int step = 0; step < 4000; ++step) {
      Channel& channel = channels[random() % channels.size()];
      const bool there = kept.indices.contains(&channel);
      ASSERT_EQ(kept.memberships.find(&channel) != Memberships::kNone, there);
      if (there) kept.remove(&channel);
      else if (kept.indices.size() < most) kept.add(&channel, static_cast<std::uint32_t>(step));
      if (step % 16 == 0) kept.expect_all_found();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// Chains that go on at the beginning of the table are closed there, too.
TEST(Memberships, all_leave_from_the_last_slot_to_the_first) {
  for (std::size_t many = 1; many < 200; ++many) {
    std::vector<Channel> channels(many);
    Kept kept;
    for (Channel& channel : channels) kept.add(&channel, 0);
    kept.expect_all_found();
    for (std::uint32_t i = kept.memberships.slots(); i-- > 0;)
      while (kept.memberships.count() > 0 && kept.memberships[i].channel) kept.remove(kept.memberships[i].channel);
    ASSERT_EQ(kept.memberships.count(), 0u);
  }
}

}  // namespace
}  // namespace dunlin
