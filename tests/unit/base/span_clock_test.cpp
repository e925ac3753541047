// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/base/span_clock.h"

namespace dunlin {
namespace {

// However long the thread is kept from running, a span lies between the one that encloses it and the one within it.
TEST(SpanClock, measures_what_the_steady_clock_does) {
  SpanClock clock;
  const std::int64_t begun = steady_ns();
  while (steady_ns() - begun < 120'000'000) clock.now_ns();  // it learns its rate meanwhile
  for (const std::int64_t span : {100'000, 1'000'000, 100'000'000}) {
    const std::int64_t outer = steady_ns();
    const std::int64_t from = clock.now_ns();
    const std::int64_t inner = steady_ns();
    while (steady_ns() - inner < span) {
    }
    const std::int64_t inner_end = steady_ns();
    const std::int64_t took = clock.now_ns() - from;
    const std::int64_t outer_end = steady_ns();
    EXPECT_GE(took, (inner_end - inner) * 99 / 100) << span;
    EXPECT_LE(took, (outer_end - outer) * 101 / 100) << span;
  }
}

TEST(SpanClock, never_runs_backwards) {
  SpanClock clock;
  const std::int64_t begun = steady_ns();
  std::int64_t last = clock.now_ns();
  while (steady_ns() - begun < 120'000'000) {  // before it knows its rate, and after
    const std::int64_t now = clock.now_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace dunlin
