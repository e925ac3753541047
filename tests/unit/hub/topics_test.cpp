// SPDX-License-Identifier: Apache-2.0
// Topics: who is given what, in which order, and what becomes of it.
#include "core/hub/topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace dunlin {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;

class TopicsTest : public ::testing::Test {
 protected:
  Queue::Pushed push(std::string_view topic, std::string_view data) { return topics.push(topic, ClientId(7), data).pushed; }
  // A millisecond or more after it was given it; when that was.
  std::int64_t settle_one_later() {
    const std::int64_t given_at = steady_ms();
    while (steady_ms() == given_at) {
    }
    EXPECT_EQ(settle(1, 1), 1u);
    return given_at;
  }
  void push_numbers(int how_many, int from = 0) {
    for (int i = from; i < from + how_many; ++i) EXPECT_EQ(push("t", std::to_string(i)), Queue::Pushed::yes);
  }
  Texts came(ConsumerId consumer) {
    Texts out;
    for (const QueueMessageRef& message : given[consumer]) out.push_back(message->data);
    return out;
  }
  std::size_t settle(ConsumerId consumer, std::size_t how_many) {
    std::vector<std::uint64_t> ids;
    for (; ids.size() < how_many && settled[consumer] < given[consumer].size(); ++settled[consumer])
      ids.push_back(given[consumer][settled[consumer]]->id);
    return topics.done(consumer, ids);
  }

  std::map<ConsumerId, std::vector<QueueMessageRef>> given;
  std::map<ConsumerId, std::size_t> settled;
  TopicCount topic_count{2};
  Topics topics{3, {.size = 200, .bytes = 1000, .ack_ms = 1000}, topic_count, [this](ConsumerId to, const QueueMessageRef& message) {
    given[to].push_back(message);
  }};
};

TEST_F(TopicsTest, what_waits_is_given_in_order_to_who_joins) {
  push_numbers(3);
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  EXPECT_THAT(came(1), ElementsAre("0", "1", "2"));
  push_numbers(1, 3);
  EXPECT_THAT(came(1), ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(given[1][0]->client, ClientId(7));
  EXPECT_EQ(given[1][0]->topic, "t");
  EXPECT_EQ(Topics::owner_of(given[1][0]->id), 3u);
}

TEST_F(TopicsTest, consumers_take_turns) {
  for (ConsumerId id = 1; id <= 3; ++id) ASSERT_TRUE(topics.join(id, {"t"}, false));
  push_numbers(7);
  EXPECT_EQ(came(1).size(), 3u);
  EXPECT_EQ(came(2).size(), 2u);
  EXPECT_EQ(came(3).size(), 2u);
}

TEST_F(TopicsTest, a_consumer_is_given_no_more_than_its_credit) {
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  push_numbers(100);
  EXPECT_EQ(came(1).size(), Topics::kCredit);
  ASSERT_TRUE(topics.join(2, {"t"}, false));
  EXPECT_EQ(came(2).size(), 36u);
  push_numbers(50, 100);
  EXPECT_EQ(came(1).size(), Topics::kCredit);
  EXPECT_EQ(settle(1, 10), 10u);
  EXPECT_EQ(came(1).size(), Topics::kCredit + 10);
}

// One is done with its messages at once, the other is on its way: none of them gets far ahead.
TEST_F(TopicsTest, a_quick_consumer_is_held_for_one_that_is_on_its_way) {
  std::size_t held = 0;
  Topics fair{0, {.size = 2000, .slow_ms = 1'000'000}, topic_count, [this](ConsumerId to, const QueueMessageRef& message) {
    given[to].push_back(message);
  }};
  fair.on_held([&] { ++held; });
  const auto done = [&](ConsumerId consumer) {
    std::vector<std::uint64_t> ids;
    for (; settled[consumer] < given[consumer].size(); ++settled[consumer]) ids.push_back(given[consumer][settled[consumer]]->id);
    return fair.done(consumer, ids) > 0;
  };
  for (ConsumerId id = 1; id <= 2; ++id) ASSERT_TRUE(fair.join(id, {"t"}, false));
  for (int i = 0; i < 1000; ++i) fair.push("t", ClientId(7), "x");
  while (done(1)) {}
  EXPECT_EQ(given[2].size(), Topics::kCredit);
  EXPECT_LE(given[1].size(), 2 * Topics::kCredit + 1);
  EXPECT_GT(held, 0u);
  for (bool more = true; more;) {
    more = done(2);
    while (done(1)) more = true;
  }
  EXPECT_EQ(given[1].size() + given[2].size(), 1000u);
  EXPECT_NEAR(static_cast<double>(given[1].size()), 500, 2 * Topics::kLead);
}

TEST_F(TopicsTest, nobody_is_held_for_one_that_is_slow) {
  Topics fair{0, {.size = 2000, .slow_ms = 1'000'000}, topic_count, [this](ConsumerId to, const QueueMessageRef& message) {
    given[to].push_back(message);
  }};
  const auto all_done = [&] {
    for (bool more = true; more;) {
      std::vector<std::uint64_t> ids;
      for (; settled[1] < given[1].size(); ++settled[1]) ids.push_back(given[1][settled[1]]->id);
      more = fair.done(1, ids) > 0;
    }
  };
  for (ConsumerId id = 1; id <= 2; ++id) ASSERT_TRUE(fair.join(id, {"t"}, false));
  for (int i = 0; i < 200; ++i) fair.push("t", ClientId(7), "x");
  all_done();
  EXPECT_LT(given[1].size(), 200 - Topics::kCredit);
  fair.retry(steady_ms() + 1'000'000);
  while (given[1].size() < 200 - Topics::kCredit) {
    const std::size_t before = given[1].size();
    all_done();
    fair.retry(steady_ms() + 2'000'000);
    ASSERT_GT(given[1].size(), before);
  }
  EXPECT_EQ(given[2].size(), Topics::kCredit);
  // Who comes later, or back, is not owed what the others have had.
  ASSERT_TRUE(fair.join(3, {"t"}, false));
  for (int i = 0; i < 60; ++i) fair.push("t", ClientId(7), "x");
  EXPECT_EQ(given[3].size(), 30u);
}

TEST_F(TopicsTest, one_that_leaves_gives_back_what_it_was_not_done_with_in_order) {
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  push_numbers(5);
  EXPECT_EQ(settle(1, 2), 2u);
  topics.leave(1);
  push_numbers(1, 5);
  ASSERT_TRUE(topics.join(2, {"t"}, false));
  EXPECT_THAT(came(2), ElementsAre("2", "3", "4", "5"));
  EXPECT_EQ(topics.messages(), 4u);
}

TEST_F(TopicsTest, a_full_topic_refuses_and_counts_what_is_under_way) {
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  push_numbers(200);
  EXPECT_EQ(push("t", "x"), Queue::Pushed::full);
  EXPECT_EQ(settle(1, 1), 1u);
  EXPECT_EQ(push("t", "x"), Queue::Pushed::yes);
}

TEST_F(TopicsTest, a_topic_is_bounded_in_bytes) {
  EXPECT_EQ(push("t", std::string(900, 'x')), Queue::Pushed::yes);
  EXPECT_EQ(push("t", std::string(101, 'x')), Queue::Pushed::full);
  EXPECT_EQ(push("t", std::string(100, 'x')), Queue::Pushed::yes);
  EXPECT_EQ(push("u", std::string(1001, 'x')), Queue::Pushed::full);
  EXPECT_EQ(push("v", "x"), Queue::Pushed::yes);  // the refused push left no topic behind
}

TEST_F(TopicsTest, topics_are_bounded_and_end_when_nobody_needs_them) {
  EXPECT_EQ(push("a", "x"), Queue::Pushed::yes);
  EXPECT_FALSE(topics.join(1, {"b", "c"}, false));
  ASSERT_TRUE(topics.join(1, {"a", "b"}, false));
  EXPECT_EQ(push("c", "x"), Queue::Pushed::too_many_topics);
  settle(1, 1);
  topics.leave(1);
  EXPECT_EQ(push("c", "x"), Queue::Pushed::yes);
  EXPECT_EQ(push("d", "x"), Queue::Pushed::yes);
}

TEST_F(TopicsTest, what_is_not_acknowledged_in_time_goes_to_another) {
  ASSERT_TRUE(topics.join(1, {"t"}, true));
  push_numbers(2);
  EXPECT_TRUE(topics.awaits_acknowledgement());
  EXPECT_EQ(settle(1, 1), 1u);
  ASSERT_TRUE(topics.join(2, {"t"}, true));
  topics.expire(steady_ms());
  EXPECT_TRUE(came(2).empty());
  topics.expire(steady_ms() + 2000);
  EXPECT_THAT(came(2), ElementsAre("1"));
  EXPECT_EQ(settle(1, 1), 0u);  // too late: it is not its any more
  EXPECT_EQ(settle(2, 1), 1u);
  EXPECT_FALSE(topics.awaits_acknowledgement());
}

TEST_F(TopicsTest, without_another_the_same_one_is_given_it_again) {
  ASSERT_TRUE(topics.join(1, {"t"}, true));
  push_numbers(1);
  topics.expire(steady_ms() + 2000);
  EXPECT_THAT(came(1), ElementsAre("0", "0"));
}

TEST_F(TopicsTest, who_is_slow_may_acknowledge_late_what_nobody_else_has) {
  ASSERT_TRUE(topics.join(1, {"t"}, true));
  push_numbers(4);
  const std::int64_t given_at = settle_one_later();
  topics.expire(given_at + 1000);
  EXPECT_THAT(came(1), ElementsAre("0", "1", "2", "3"));  // it has them all: none comes to it twice
  EXPECT_EQ(topics.messages(), 3u);
  EXPECT_EQ(settle(1, 1), 1u);
  EXPECT_EQ(topics.messages(), 2u);
  EXPECT_TRUE(topics.awaits_acknowledgement());
  ASSERT_TRUE(topics.join(2, {"t"}, true));
  EXPECT_THAT(came(2), ElementsAre("2", "3"));
  EXPECT_EQ(settle(1, 2), 0u);
  EXPECT_EQ(settle(2, 2), 2u);
  EXPECT_EQ(topics.messages(), 0u);
}

TEST_F(TopicsTest, who_falls_silent_is_given_them_again) {
  ASSERT_TRUE(topics.join(1, {"t"}, true));
  push_numbers(2);
  const std::int64_t given_at = settle_one_later();
  topics.expire(given_at + 1000);
  EXPECT_THAT(came(1), ElementsAre("0", "1"));
  topics.expire(steady_ms() + 1000);
  EXPECT_THAT(came(1), ElementsAre("0", "1", "1"));
}

TEST_F(TopicsTest, nobody_is_done_with_what_is_not_theirs) {
  ASSERT_TRUE(topics.join(1, {"t"}, true));
  ASSERT_TRUE(topics.join(2, {"t"}, true));
  push_numbers(1);
  EXPECT_EQ(topics.done(2, {given[1][0]->id}), 0u);
  EXPECT_EQ(topics.done(9, {given[1][0]->id}), 0u);
  EXPECT_EQ(topics.done(1, {given[1][0]->id, given[1][0]->id, 99}), 1u);
}

constexpr ConsumerId kFar = consumer_id(5, 0, 1);  // of another node

TEST_F(TopicsTest, a_consumer_of_another_node_takes_its_turns) {
  ASSERT_TRUE(topics.join(kFar, {"t"}, false));
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  push_numbers(4);
  EXPECT_THAT(came(kFar), ElementsAre("0", "2"));
  EXPECT_THAT(came(1), ElementsAre("1", "3"));
}

TEST_F(TopicsTest, what_did_not_reach_its_node_goes_to_others_in_its_old_place) {
  ASSERT_TRUE(topics.join(kFar, {"t"}, false));
  push_numbers(3);
  topics.pause(kFar, true);
  topics.give_back(kFar, {given[kFar][1]->id, given[kFar][0]->id, 99});
  EXPECT_THAT(came(kFar), ElementsAre("0", "1", "2"));
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  EXPECT_THAT(came(1), ElementsAre("0", "1"));
  topics.pause(kFar, false);
  push_numbers(1, 3);
  EXPECT_THAT(came(kFar), ElementsAre("0", "1", "2", "3"));
}

TEST_F(TopicsTest, what_is_lost_with_its_node_comes_to_nobody) {
  ASSERT_TRUE(topics.join(kFar, {"t"}, false));
  push_numbers(3);
  topics.leave(kFar, {given[kFar][0]->id});
  ASSERT_TRUE(topics.join(1, {"t"}, false));
  EXPECT_THAT(came(1), ElementsAre("1", "2"));
  settle(1, 2);
  EXPECT_EQ(topics.messages(), 0u);
}

TEST_F(TopicsTest, topics_that_only_other_nodes_want_do_not_count) {
  ASSERT_TRUE(topics.join(kFar, {"a", "b", "c"}, false));
  ASSERT_TRUE(topics.join(1, {"a", "b"}, false));
  EXPECT_EQ(push("c", "x"), Queue::Pushed::too_many_topics);
  topics.leave(1);
  EXPECT_EQ(push("c", "x"), Queue::Pushed::yes);
  EXPECT_EQ(push("a", "x"), Queue::Pushed::yes);
  EXPECT_EQ(push("b", "x"), Queue::Pushed::too_many_topics);
  settle(kFar, 2);
  EXPECT_EQ(push("b", "x"), Queue::Pushed::yes);
}

TEST_F(TopicsTest, its_figures) {
  ASSERT_TRUE(topics.join(1, {"t", "u"}, false));
  push_numbers(3);
  settle(1, 1);
  std::vector<Sample> samples;
  topics.collect(samples);
  std::map<std::string, double> values;
  for (const Sample& sample : samples) values[sample.name] += sample.value;
  EXPECT_EQ(values["dunlin_queue_topics"], 2);
  EXPECT_EQ(values["dunlin_queue_consumers"], 1);
  EXPECT_EQ(values["dunlin_queue_messages"], 2);
  EXPECT_EQ(values["dunlin_queue_underway"], 2);
  EXPECT_EQ(values["dunlin_queue_pushes_total"], 3);
  EXPECT_EQ(values["dunlin_queue_pops_total"], 1);
}

}  // namespace
}  // namespace dunlin
