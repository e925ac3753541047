// SPDX-License-Identifier: Apache-2.0
// AckWindow: what a slow consumer is given, and how it comes to more again.
#include "core/base/ack_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dunlin {
namespace {

using Window = AckWindow<std::string>;
constexpr std::int64_t kWait = 1000;
constexpr std::size_t kMost = 1024;

struct AckWindowTest : testing::Test {
  void give(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t id = from; id <= to; ++id) marks[id] = window.gave(id, now);
  }
  void acknowledge(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t id = from; id <= to; ++id) {
      window.acknowledged(marks.at(id), marks.size(), now);
      marks.erase(id);
    }
  }
  void expire() {
    for (auto row = marks.begin(); row != marks.end(); row = marks.erase(row))
      window.expired(row->first, row->second, std::to_string(row->first), now);
  }
  std::size_t room() const { return window.room(marks.size()); }

  Window window{kMost, kWait};
  std::map<std::uint64_t, Window::Mark> marks;  // of what it has
  std::int64_t now = 5000;
};

TEST_F(AckWindowTest, who_is_in_time_has_the_most_there_is) {
  EXPECT_EQ(room(), kMost);
  give(1, 1024);
  EXPECT_EQ(room(), 0u);
  now += kWait - 1;
  acknowledge(1, 1024);
  EXPECT_EQ(room(), kMost);
  EXPECT_FALSE(window.owes());
}

TEST_F(AckWindowTest, who_is_slow_gets_what_it_does_in_half_of_the_time_once_it_is_through_with_what_it_has) {
  give(1, 100);
  now += kWait / 2;
  acknowledge(1, 20);
  now += kWait / 2;
  expire();
  EXPECT_EQ(room(), 0u);  // 80 lie before it
  for (std::uint64_t id = 21; id <= 90; ++id) EXPECT_EQ(window.late(id, now), std::to_string(id));
  EXPECT_EQ(room(), 0u);
  EXPECT_EQ(window.late(91, now), "91");
  EXPECT_EQ(room(), 1u);
  EXPECT_EQ(window.late(100, now), "100");  // in whatever order: it is past the others
  EXPECT_EQ(room(), 10u);
  EXPECT_EQ(window.late(100, now), std::nullopt);
  EXPECT_EQ(window.late(1, now), std::nullopt);
  EXPECT_EQ(window.late(95, now), "95");
}

TEST_F(AckWindowTest, early_acknowledgements_bring_more_where_there_is_no_room) {
  give(1, 100);
  acknowledge(1, 10);
  now += kWait;
  acknowledge(11, 11);
  expire();
  give(200, 200);
  window.acknowledged(marks.at(200), 5, now);  // past all of them
  marks.clear();
  EXPECT_EQ(room(), 6u);
  give(201, 203);
  acknowledge(201, 203);
  EXPECT_EQ(room(), 6u);  // it was not short of it
  give(204, 209);
  acknowledge(204, 204);
  EXPECT_EQ(room(), 2u);
  give(210, 211);
  now += kWait / 2;
  acknowledge(205, 205);  // not early
  EXPECT_EQ(room(), 1u);
}

TEST_F(AckWindowTest, who_acknowledges_nothing_owes_nothing_and_gets_ever_fewer) {
  std::uint64_t id = 0;
  for (const std::size_t expected : {64u, 32u, 16u, 8u, 4u, 2u, 1u, 1u}) {
    give(id + 1, id + room());
    id += marks.size();
    now += kWait;
    expire();
    EXPECT_FALSE(window.owes());
    EXPECT_EQ(room(), expected);
  }
}

TEST_F(AckWindowTest, what_is_owed_is_forgiven_when_nothing_is_heard_any_more) {
  give(1, 10);
  now += kWait / 2;
  acknowledge(1, 1);
  now += kWait / 2;
  expire();
  EXPECT_EQ(room(), 0u);
  EXPECT_FALSE(window.forgive(now));
  now += kWait / 2;
  EXPECT_TRUE(window.forgive(now));
  EXPECT_EQ(room(), 1u);
  EXPECT_EQ(window.late(2, now), "2");
}

TEST_F(AckWindowTest, one_that_is_left_out_takes_nothing_from_the_others) {
  give(1, 20);
  acknowledge(2, 20);
  now += kWait - 1;
  give(21, 21);
  acknowledge(21, 21);
  now += 1;
  expire();
  EXPECT_EQ(room(), kMost);
  EXPECT_EQ(window.late(1, now), "1");
}

// Consumers that take one message after another, a topic that gives them what they have room for, and time that expires:
// with whatever speed, all is done with in about the time that the work takes, and little of it is sent twice:
// what a quick one gets that lay before a slow one.
struct Shop {
  struct Consumer {
    Window window{kMost, kWait};
    std::int64_t pace, busy = 0;
    std::deque<std::uint64_t> inbox;
    std::map<std::uint64_t, Window::Mark> given;
  };

  void give_out(std::int64_t now) {
    for (bool more = true; more;) {
      more = false;
      for (Consumer& one : consumers) {
        if (waiting.empty() || one.window.room(one.given.size()) == 0) continue;
        const std::uint64_t id = *waiting.begin();
        waiting.erase(waiting.begin());
        one.given[id] = one.window.gave(id, now);
        one.inbox.push_back(id);
        ++sent;
        more = true;
      }
    }
  }
  void work(Consumer& one, std::int64_t now) {
    if (one.inbox.empty() || now < one.busy) return;
    const std::uint64_t id = one.inbox.front();
    one.inbox.pop_front();
    one.busy = now + one.pace;
    if (const auto row = one.given.find(id); row != one.given.end()) {
      one.window.acknowledged(row->second, one.given.size(), now);
      one.given.erase(row);
      ++done;
    } else if (one.window.late(id, now) && waiting.erase(id) > 0) {
      ++done;
    }
  }
  void expire(Consumer& one, std::int64_t now) {
    for (auto row = one.given.begin(); row != one.given.end();) {
      if (now - row->second.since < kWait) {
        ++row;
        continue;
      }
      one.window.expired(row->first, row->second, "", now);
      waiting.insert(row->first);
      row = one.given.erase(row);
    }
    one.window.forgive(now);
  }
  std::int64_t run(std::size_t messages, std::int64_t at_most) {
    for (std::uint64_t id = 1; id <= messages; ++id) waiting.insert(id);
    std::int64_t now = 0;
    for (; done < messages && now < at_most; ++now) {
      for (Consumer& one : consumers) work(one, now);
      if (now % 50 == 0)
        for (Consumer& one : consumers) expire(one, now);
      give_out(now);
    }
    return now;
  }

  std::deque<Consumer> consumers;
  std::set<std::uint64_t> waiting;
  std::size_t done = 0, sent = 0;
};

TEST(AckWindowInUse, slow_consumers_get_done_with_everything_in_the_time_that_the_work_takes) {
  for (const std::vector<std::int64_t>& paces :
       {std::vector<std::int64_t>{1}, {5}, {20, 20, 20}, {5, 200}, {300, 300}, {2, 20, 200}, {500}}) {
    Shop shop;
    double a_ms = 0;
    for (const std::int64_t pace : paces) {
      shop.consumers.emplace_back().pace = pace;
      a_ms += 1.0 / static_cast<double>(pace);
    }
    constexpr std::size_t kMessages = 3000;
    const auto ideal = static_cast<std::int64_t>(kMessages / a_ms);
    const std::int64_t took = shop.run(kMessages, 10 * ideal + 100 * kWait);
    std::string names;
    for (const std::int64_t pace : paces) names += std::to_string(pace) + " ";
    EXPECT_EQ(shop.done, kMessages) << names;
    EXPECT_LE(took, ideal + ideal / 4 + 5 * kWait) << names << shop.sent;
    EXPECT_LE(shop.sent, kMessages + kMessages / 4 + kMost * paces.size()) << names << took;
  }
}

}  // namespace
}  // namespace dunlin
