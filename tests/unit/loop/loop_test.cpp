// SPDX-License-Identifier: Apache-2.0
#include "core/loop/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer_wheel.h"

namespace dunlin {
namespace {

TEST(Loop, deferred_work_runs_after_the_caller_and_before_the_loop_sleeps) {
  Loop loop;
  std::vector<int> order;
  loop.at_turn_end([&] {
    if (order.size() == 2) order.push_back(3);
  });
  loop.defer([&] {
    loop.defer([&] {
      order.push_back(2);
      loop.stop();
    });
    order.push_back(1);
  });
  EXPECT_TRUE(order.empty());
  loop.run();
  ASSERT_GE(order.size(), 2u);
  EXPECT_EQ(order[0], 1);
  EXPECT_EQ(order[1], 2);
}

TEST(Loop, offloaded_work_comes_back) {
  Loop loop;
  const auto here = std::this_thread::get_id();
  std::thread::id there, back;
  loop.offload([&] { there = std::this_thread::get_id(); }, [&] { back = std::this_thread::get_id(); });
  loop.run();
  EXPECT_NE(there, here);
  EXPECT_EQ(back, here);
}

TEST(Mailbox, posts_of_each_thread_arrive_in_order_and_none_is_lost) {
  constexpr int kThreads = 4, kPosts = 20000;
  Loop loop;
  Mailbox mailbox(loop);
  std::vector<int> next(kThreads, 0);
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i)
        mailbox.post([&, t, i] {
          EXPECT_EQ(next[static_cast<std::size_t>(t)]++, i);
          if (++total == kThreads * kPosts) loop.stop();
        });
    });
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, kThreads * kPosts);
  mailbox.close();
  EXPECT_FALSE(mailbox.post([] {}));
  loop.run();
}

TEST(Mailbox, one_wake_up_takes_all_that_lies_there) {
  Loop loop;
  Mailbox mailbox(loop);
  for (int i = 0; i < 5; ++i) mailbox.post([] {});
  mailbox.post([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(mailbox.mails(), 6u);
  EXPECT_EQ(mailbox.wake_ups(), 1u);
  mailbox.close();
  loop.run();
}

TEST(TimerWheel, fires_in_time_order_and_never_early) {
  Loop loop;
  TimerWheel wheel(loop);
  std::mt19937 random(7);
  struct Case {
    Timer timer;
    std::int64_t due = 0;
  };
  std::vector<std::unique_ptr<Case>> cases;
  int missing = 300;
  for (int i = 0; i < 300; ++i) {
    auto one = std::make_unique<Case>();
    const Millis after{random() % 400};
    one->due = steady_ms() + after.count();
    one->timer.on_fire([&, raw = one.get()] {
      EXPECT_GE(steady_ms(), raw->due);
      if (--missing == 0) loop.stop();
    });
    wheel.start(one->timer, after);
    cases.push_back(std::move(one));
  }
  Mailbox keeps_running(loop);
  loop.run();
  EXPECT_EQ(missing, 0);
}

TEST(TimerWheel, stopped_and_destroyed_timers_do_not_fire) {
  Loop loop;
  TimerWheel wheel(loop);
  Mailbox keeps_running(loop);
  bool fired = false;
  Timer stopped([&] { fired = true; });
  auto destroyed = std::make_unique<Timer>([&] { fired = true; });
  Timer last([&] { loop.stop(); });
  wheel.start(stopped, Millis{20});
  wheel.start(*destroyed, Millis{20});
  wheel.start(last, Millis{60});
  EXPECT_TRUE(stopped.active());
  stopped.stop();
  destroyed.reset();
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(TimerWheel, a_timer_may_restart_itself_and_end_others_as_it_fires) {
  Loop loop;
  TimerWheel wheel(loop);
  Mailbox keeps_running(loop);
  int rounds = 0;
  auto victim = std::make_unique<Timer>([] { FAIL(); });
  Timer repeating;
  repeating.on_fire([&] {
    victim.reset();
    if (++rounds == 5) return loop.stop();
    wheel.start(repeating, Millis{0});
  });
  wheel.start(repeating, Millis{10});
  wheel.start(*victim, Millis{10});
  loop.run();
  EXPECT_EQ(rounds, 5);
}

TEST(TimerWheel, far_timers_cross_the_levels) {
  Loop loop;
  TimerWheel wheel(loop);
  Mailbox keeps_running(loop);
  const std::int64_t due = steady_ms() + 2700;  // beyond the 2.56 s of the near level
  Timer far([&] {
    EXPECT_GE(steady_ms(), due);
    loop.stop();
  });
  Timer very_far([] { FAIL(); });
  wheel.start(very_far, std::chrono::hours(24 * 365));
  wheel.start(far, Millis{2700});
  loop.run();
}

}  // namespace
}  // namespace dunlin
