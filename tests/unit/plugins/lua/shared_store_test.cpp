// SPDX-License-Identifier: Apache-2.0
// What mix.shared keeps values in: time, room, and threads.
#include "plugins/lua/shared_store.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace dunlin::lua {
namespace {

using Outcome = SharedStore::Outcome;

TEST(SharedStore, ForgetsWhatIsPastItsTime) {
  SharedStore store;
  store.set("k", "1", 100, 1000);
  EXPECT_EQ(store.get("k", 1099), "1");
  EXPECT_EQ(store.get("k", 1100), std::nullopt);
  EXPECT_FALSE(store.remove("k", 1100));
  EXPECT_EQ(store.set("k", "2", 0, 1100, true), Outcome::done);
}

TEST(SharedStore, CountsFromTheBeginningOfItsTime) {
  SharedStore store;
  std::int64_t value = 0;
  store.add("n", 1, 100, 1000, value);
  store.add("n", 1, 100, 1090, value);
  EXPECT_EQ(value, 2);
  store.add("n", 1, 100, 1100, value);
  EXPECT_EQ(value, 1);
}

TEST(SharedStore, MakesRoomOfWhatIsPastItsTime) {
  SharedStore store;
  store.set_limit(1000);
  EXPECT_EQ(store.set("a", std::string(600, 'x'), 100, 1000), Outcome::done);
  EXPECT_EQ(store.set("b", std::string(600, 'x'), 0, 1050), Outcome::full);
  EXPECT_EQ(store.set("b", std::string(600, 'x'), 0, 1200), Outcome::done);
  EXPECT_EQ(store.set("b", std::string(900, 'x'), 0, 1200), Outcome::full);
  EXPECT_TRUE(store.remove("b", 1200));
  EXPECT_EQ(store.set("c", std::string(800, 'x'), 0, 1200), Outcome::done);
}

TEST(SharedStore, LosesNoCountOfSeveralThreads) {
  SharedStore store;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&store] {
      std::int64_t value = 0;
      for (int n = 0; n < 1000; ++n) store.add("n", 1, 0, n, value);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store.get("n", 0), "4000");
}

}  // namespace
}  // namespace dunlin::lua
