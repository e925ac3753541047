// SPDX-License-Identifier: Apache-2.0
// LocalEngine keeps what an engine promises: a cluster on it is one node, which lacks nothing.
#include "core/mesh/local_engine.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/mesh/cluster_node.h"

namespace dunlin {
namespace {

TEST(LocalEngine, reaches_nobody_and_says_so) {
  LocalEngine engine;
  EXPECT_TRUE(engine.alone());
  std::vector<std::uint64_t> nobody;
  bool connected = false;
  ASSERT_TRUE(engine.open(1, {.connected = [&] { connected = true; },
                              .disconnected = [] {},
                              .received = [](std::string_view) { FAIL() << "from whom?"; },
                              .nobody = [&](std::uint64_t boot) { nobody.push_back(boot); }}));
  EXPECT_TRUE(connected);
  EXPECT_TRUE(engine.broadcast("x") && engine.send(2, "x") && engine.ask(3, "x"));
  EXPECT_EQ(nobody, std::vector<std::uint64_t>{3});
}

TEST(LocalEngine, carries_a_cluster_of_one) {
  Log log(-1);
  ClusterNode node(1, NodeInfo{}, Millis{500}, std::make_unique<LocalEngine>(), log, [] { FAIL() << "evicted by whom?"; });
  const auto number = node.join(Millis{120'000}, [] { return false; });
  ASSERT_TRUE(number) << number.error().why;
  EXPECT_GT(*number, 0u);
  node.stop(0);
}

}  // namespace
}  // namespace dunlin
