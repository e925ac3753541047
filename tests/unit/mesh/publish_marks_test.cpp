// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/publish_marks.h"

#include <gtest/gtest.h>

#include "core/mesh/answered_log.h"

namespace dunlin {
namespace {

constexpr std::uint64_t kHash = 7;

TEST(PublishMarks, tell_what_had_been_published_by_then) {
  PublishCounts published(16);
  PublishMarks marks(5500);
  EXPECT_EQ(marks.before(1000).of(kHash), 0u) << "it has just begun";
  for (std::int64_t now = 1000; now < 61'000; now += 50) {
    published.add(kHash);
    marks.mark(now, published);
    const auto had = [](std::int64_t at) { return (at - 1000) / 50 + 1; };
    for (const std::int64_t ago : {0, 300, 1500, 1900, 3000, 5000}) {
      if (now - ago < 1000) continue;
      const std::int64_t told = marks.before(now - ago).of(kHash), coarse = ago < 1900 ? 250 / 50 : 1250 / 50;
      EXPECT_LE(told, had(now - ago)) << now << " - " << ago << ": too few are reckoned as missed";
      EXPECT_GE(told, had(now - ago) - coarse) << now << " - " << ago;
    }
  }
  EXPECT_GE(marks.first().at, 60'950 - 5500 - 1250) << "older ones are let go";
  EXPECT_LE(marks.first().at, 60'950 - 5500);
}

TEST(PublishMarks, a_mark_holds_as_long_as_nothing_is_published) {
  PublishCounts published(16);
  PublishMarks marks(5500);
  published.add(kHash);
  for (std::int64_t now = 1000; now < 61'000; now += 50) marks.mark(now, published);
  EXPECT_EQ(marks.first().at, 1050);
  EXPECT_EQ(marks.last().at, 1050);
  EXPECT_EQ(marks.last().of(kHash), 1u);
}

TEST(PublishMarks, what_is_counted_late_is_not_taken_for_older) {
  PublishCounts published(16);
  PublishMarks marks(5500);
  marks.mark(1000, published);
  marks.mark(1050, published);
  for (int i = 0; i < 5; ++i) published.add(kHash);  // it looked at the clock, and was stopped for four seconds
  marks.mark(1250, published);
  marks.mark(5300, published);
  EXPECT_EQ(marks.before(5250).of(kHash), 0u);
  EXPECT_EQ(marks.before(5300).of(kHash), 5u);
}

TEST(AnsweredLog, tells_what_was_answered_before_it_was_confirmed) {
  AnsweredLog log;
  log.note(3, 1000);
  log.note(5, 2000);
  log.note(6, 2010);  // as if at once
  log.note(9, 4000);
  using Rows = std::vector<std::uint64_t>;
  EXPECT_EQ(log.late(0, 9, 4500), (Rows{3, 3500, 6, 2500, 9, 500}));
  EXPECT_EQ(log.late(3, 5, 2500), (Rows{6, 500})) << "the row that has the last of them is enough";
  EXPECT_EQ(log.late(3, 9, 4000), (Rows{6, 2000})) << "the last was confirmed in time";
  EXPECT_EQ(log.late(9, 9, 5000), Rows{});
  EXPECT_EQ(log.late(9, 12, 5000), Rows{}) << "not answered yet";
}

TEST(AnsweredLog, reckons_rather_too_long_when_there_is_too_much) {
  AnsweredLog log;
  for (std::uint64_t number = 1; number <= 1000; ++number) log.note(number, static_cast<std::int64_t>(number) * 100);
  const std::vector<std::uint64_t> rows = log.late(0, 1000, 100'001);
  ASSERT_EQ(rows.size(), 2u * 256);
  EXPECT_EQ(rows[1], 100'001u - 100);
  EXPECT_EQ(rows[3], 100'001u - rows[2] * 100);
}

}  // namespace
}  // namespace dunlin
