// SPDX-License-Identifier: Apache-2.0
// Every question is answered once: by who was asked, or when its time is over.
#include "core/mesh/awaited.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/loop/loop.h"
#include "core/loop/mailbox.h"

namespace dunlin {
namespace {

constexpr Millis kLong{600'000};

struct AwaitedTest : testing::Test {
  Loop loop;
  TimerWheel wheel{loop};
  Mailbox keeps_running{loop};
  std::vector<std::string> answers;
  std::vector<Tally> tallies;
};

TEST_F(AwaitedTest, an_answer_comes_once_and_belongs_to_its_question) {
  Awaited<std::string> awaited(wheel);
  const auto note = [this](const std::string& answer) { answers.push_back(answer); };
  const std::uint64_t first = awaited.expect(note, kLong, "late"), second = awaited.expect(note, kLong, "late");
  awaited.arrived(second, "two");
  awaited.arrived(second, "two again");
  awaited.arrived(first, "one");
  awaited.arrived(first + 1000, "nobody's");
  awaited.arrived(awaited.expect({}, kLong, "late"), "for nobody");
  EXPECT_EQ(answers, (std::vector<std::string>{"two", "one"}));
}

TEST_F(AwaitedTest, what_does_not_come_in_time_is_answered_for) {
  Awaited<std::string> awaited(wheel);
  const std::uint64_t ticket = awaited.expect([this](const std::string& answer) {
    answers.push_back(answer);
    loop.stop();
  }, Millis{10}, "late");
  loop.run();
  awaited.arrived(ticket, "too late");
  EXPECT_EQ(answers, std::vector<std::string>{"late"});
}

TEST_F(AwaitedTest, an_answer_may_lead_to_the_next_question) {
  Awaited<std::string> awaited(wheel);
  std::uint64_t next = 0;
  const std::uint64_t first = awaited.expect([&](const std::string&) {
    next = awaited.expect([this](const std::string& answer) { answers.push_back(answer); }, kLong, "late");
  }, kLong, "late");
  awaited.arrived(first, "one");
  awaited.arrived(next, "two");
  EXPECT_EQ(answers, std::vector<std::string>{"two"});
}

TEST_F(AwaitedTest, a_tally_is_whole_when_all_have_reported) {
  Tallies gathering(wheel);
  const std::uint64_t ticket = gathering.expect(2, {1, 0, true}, [this](Tally tally) { tallies.push_back(tally); }, kLong);
  gathering.report(ticket, {2, 1});
  EXPECT_TRUE(tallies.empty());
  gathering.report(ticket, {4, 0});
  gathering.report(ticket, {8, 0});
  EXPECT_EQ(tallies, (std::vector<Tally>{{7, 1, true}}));
}

TEST_F(AwaitedTest, who_has_not_reported_in_time_counts_as_failed) {
  Tallies gathering(wheel);
  const std::uint64_t ticket = gathering.expect(3, {}, [this](Tally tally) {
    tallies.push_back(tally);
    loop.stop();
  }, Millis{10});
  gathering.report(ticket, {1, 0});
  loop.run();
  gathering.report(ticket, {1, 0});
  EXPECT_EQ(tallies, (std::vector<Tally>{{1, 2}}));
}

}  // namespace
}  // namespace dunlin
