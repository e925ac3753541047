// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/plugin/hooks.h"
#include "core/plugin/instance_parts.h"

namespace dunlin {
namespace {

TEST(InstanceMetrics, NamingAFigureAgainYieldsTheSame) {
  InstanceMetrics metrics;
  std::uint32_t first = 0, again = 0, labelled = 0;
  ASSERT_EQ(metrics.define(DUNLIN_METRIC_COUNTER, "a_total", "", {}, first), DUNLIN_OK);
  ASSERT_EQ(metrics.define(DUNLIN_METRIC_COUNTER, "a_total", "", {}, again), DUNLIN_OK);
  ASSERT_EQ(metrics.define(DUNLIN_METRIC_COUNTER, "a_total", "", {{"k", "v"}}, labelled), DUNLIN_OK);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, labelled);
}

TEST(InstanceMetrics, OneNameIsOneKind) {
  InstanceMetrics metrics;
  std::uint32_t id = 0;
  ASSERT_EQ(metrics.define(DUNLIN_METRIC_COUNTER, "a_total", "", {}, id), DUNLIN_OK);
  EXPECT_EQ(metrics.define(DUNLIN_METRIC_GAUGE, "a_total", "", {{"k", "v"}}, id), DUNLIN_E_INVALID);
}

TEST(InstanceMetrics, HoldsSoManyAndNoMore) {
  InstanceMetrics metrics;
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < InstanceMetrics::kMost; ++i)
    ASSERT_EQ(metrics.define(DUNLIN_METRIC_GAUGE, "g" + std::to_string(i), "", {}, id), DUNLIN_OK);
  EXPECT_EQ(metrics.define(DUNLIN_METRIC_GAUGE, "one_more", "", {}, id), DUNLIN_E_FULL);
  EXPECT_EQ(metrics.define(DUNLIN_METRIC_GAUGE, "g0", "", {}, id), DUNLIN_OK);
}

TEST(HookTimes, CountsSlowHooksAndLogsOneASecond) {
  HookTimes times;
  EXPECT_FALSE(times.record(Hook::message, HookTimes::kSlowNs - 1));
  EXPECT_TRUE(times.record(Hook::message, HookTimes::kSlowNs));
  EXPECT_FALSE(times.record(Hook::message, HookTimes::kSlowNs));
  EXPECT_TRUE(times.record(Hook::check, HookTimes::kSlowNs));  // each hook has its own line
  std::vector<Sample> samples;
  times.collect("m", samples);
  ASSERT_EQ(samples.size(), 3u);  // check, message, slow
  EXPECT_EQ(samples[1].count, 3u);
  EXPECT_EQ(samples[2].value, 3);
}

TEST(Trickle, LetsOneThroughASecondAndCountsTheOthers) {
  Trickle trickle;
  EXPECT_TRUE(trickle.let_through(10'000));
  EXPECT_FALSE(trickle.let_through(10'999));
  EXPECT_FALSE(trickle.let_through(10'999));
  EXPECT_TRUE(trickle.let_through(11'000));
  EXPECT_EQ(trickle.take_held_back(), 2u);
  EXPECT_EQ(trickle.take_held_back(), 0u);
}

}  // namespace
}  // namespace dunlin
