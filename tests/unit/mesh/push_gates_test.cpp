// SPDX-License-Identifier: Apache-2.0
// What a push to a durable topic has to pass: TopicGate, LeadIn.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/mesh/lead_in.h"
#include "core/mesh/topic_gate.h"

namespace dunlin {
namespace {

// A node and a stream, between which everything takes a while.
struct GatedTopic {
  static constexpr std::size_t kSize = 10;

  GatedTopic(unsigned seed, int pushes) : random(seed), left(pushes) {}

  bool done() const { return left == 0 && sent.empty() && stored.empty() && gate.idle() && !asked; }

  void step() {
    switch (random() % 6) {
      case 0: return come();
      case 1: return keep();
      case 2: return answer_push();
      case 3: return see();
      case 4: return tell();
      default: held -= held > 0 && random() % 3 == 0 ? 1 : 0;  // a consumer takes one
    }
  }
  void come() {
    for (auto more = 1 + random() % 4; more > 0 && left > 0; --more) gate.came(static_cast<std::uint64_t>(left--));
    ask();
  }
  void ask() {
    if (!gate.asks()) return;
    gate.asked();
    ASSERT_FALSE(asked);
    asked = true;
  }
  void keep() {
    if (sent.empty()) return;
    stored.insert(*sent.begin());
    sent.erase(sent.begin());
    ASSERT_LE(++held, kSize);
  }
  void answer_push() {
    if (stored.empty()) return;
    stored.erase(stored.begin());
    gate.over();
    ask();
  }
  void see() {
    if (asked && !seen) seen = true, seen_held = held;
  }
  void tell() {
    if (!seen) return;
    asked = seen = false;
    for (const auto& one : gate.holds(seen_held)) {
      if (one.held == 0) {
        EXPECT_GE(seen_held, kSize);
        ++refused;
      } else {
        EXPECT_LE(one.held, kSize);
        sent.insert(one.push);
        ++passed;
      }
    }
    ask();
  }

  std::mt19937 random;
  int left;
  TopicGate gate{kSize};
  std::set<std::uint64_t> sent, stored;
  bool asked = false, seen = false;
  std::size_t held = 0, seen_held = 0;
  int passed = 0, refused = 0;
};

TEST(TopicGate, a_topic_holds_what_it_may_whatever_comes_when) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    GatedTopic topic(seed, 100);
    int steps = 0;
    while (!topic.done() && ++steps < 100'000) topic.step();
    ASSERT_TRUE(topic.done()) << seed;  // each has got through, or been refused
    EXPECT_EQ(topic.passed + topic.refused, 100) << seed;
    EXPECT_GT(topic.passed, 0);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(TopicGate, who_gives_up_is_not_judged) {
  TopicGate gate(10);
  for (const std::uint64_t push : {1u, 2u, 3u}) gate.came(push);
  gate.asked();
  gate.came(4);
  gate.gave_up(2);
  gate.gave_up(7);
  const auto judged = gate.holds(3);
  ASSERT_EQ(judged.size(), 2u);
  EXPECT_EQ(judged[0].push, 1u);
  EXPECT_EQ(judged[1].push, 3u);
  EXPECT_EQ(judged[1].held, 5u);
  EXPECT_TRUE(gate.asks());  // for the fourth
  gate.asked();
  gate.unanswered();
  EXPECT_TRUE(gate.holds(3).empty());
  EXPECT_TRUE(gate.asks());
}

// A stream as nats-server 2.9 has it: the copy of the leader that was killed keeps what it had written alone, and lacks as
// many of what its successor kept first.
TEST(LeadIn, what_a_copy_may_lack_has_no_meaning) {
  constexpr std::uint64_t kLength = 200;
  for (const std::uint64_t alone : {0u, 1u, 50u, 200u}) {
    LeadIn lead_in;
    EXPECT_FALSE(lead_in.known());
    std::uint64_t last = 40;
    const std::uint64_t lacks = last + alone;
    lead_in.led("b", last, true, kLength);
    while (!lead_in.over()) {
      const std::size_t more = lead_in.more();
      ASSERT_GT(more, 0u);
      for (std::size_t i = 0; i < more; ++i) lead_in.kept(lead_in.round(), ++last);
    }
    EXPECT_GT(last, lacks);
    EXPECT_LE(last, 40 + kLength + 2 * LeadIn::kUnderWay);
    EXPECT_EQ(lead_in.more(), 0u);
  }
}

TEST(LeadIn, each_leader_needs_one_and_the_answers_to_another_do_not_count) {
  LeadIn lead_in;
  lead_in.led("", 0, false, 100);
  EXPECT_TRUE(lead_in.over());  // there are no copies
  lead_in.led("b", 0, true, 100);
  EXPECT_EQ(lead_in.more(), LeadIn::kUnderWay);
  EXPECT_EQ(lead_in.more(), 0u);
  const std::uint64_t before = lead_in.round();
  lead_in.led("c", 0, true, 100);
  EXPECT_EQ(lead_in.more(), LeadIn::kUnderWay);
  EXPECT_FALSE(lead_in.kept(before, 1000));
  EXPECT_FALSE(lead_in.kept(lead_in.round(), 100));
  EXPECT_EQ(lead_in.more(), 1u);
  EXPECT_TRUE(lead_in.kept(lead_in.round(), 101));
  EXPECT_FALSE(lead_in.kept(lead_in.round(), 102));  // it was over already
  lead_in.led("c", 5000, true, 100);
  EXPECT_TRUE(lead_in.over());
  lead_in.lost();
  lead_in.led("c", 5000, true, 100);  // it may be the same and not have led meanwhile
  EXPECT_FALSE(lead_in.over());
  EXPECT_TRUE(lead_in.refused(lead_in.round()));
  EXPECT_TRUE(lead_in.over());
}

}  // namespace
}  // namespace dunlin
