// SPDX-License-Identifier: Apache-2.0
// What holds of topics in every history of a cluster: see docs/cluster.md.
#include "core/mesh/queue_links.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/mesh/queue_simulation.h"

namespace dunlin {
namespace {

constexpr std::int64_t kSettle = 8000;

// Where a sanitizer slows everything down fewer do.
#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kHistories = 10;  // there is one thread to watch
#elif defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kHistories = 100;
#else
constexpr std::uint64_t kHistories = 1000;
#endif

// Topic "t" is popped without acknowledgement, "a" with.
std::string topic_of(std::uint64_t number) { return number % 2 ? "a" : "t"; }

void something_happens(QueueSimulation& world) {
  const auto who = static_cast<std::size_t>(world.random(world.size()));
  switch (world.random(40)) {
    case 0: if (world.size() < 5) world.add(); break;
    case 1: if (world.size() > 2) world.kill(who); break;
    case 2: world.part(who, (who + 1) % world.size()); break;
    case 3: world.set_engine(world.random(3) != 0); break;
    case 4: world.loss_permille = world.random(2) ? 0 : 100; break;
    case 5: case 6: case 7: {
      const std::uint64_t kind = world.random(2);
      world.pop(who, topic_of(kind), kind == 1);
      break;
    }
    case 8: case 9: world.unpop(who); break;
    case 10: world.expire(); break;
    default:
      for (std::uint64_t n = world.random(20); n > 0; --n) world.push(who, topic_of(world.random(2)));
  }
}

// Everything is well again, and each topic has a consumer somewhere.
void come_to_rest(QueueSimulation& world) {
  world.set_engine(true);
  world.loss_permille = 0;
  const auto who = static_cast<std::size_t>(world.random(world.size()));
  world.pop(who, "t", false);
  world.pop(who, "a", true);
  world.run(kSettle);
  for (int i = 0; i < 5; ++i) {
    world.expire();
    world.run(1000);
  }
}

void expect_sound(QueueSimulation& world, std::uint64_t seed) {
  std::set<std::uint64_t> alive;
  for (std::size_t i = 0; i < world.size(); ++i) {
    alive.insert(world.node(i).boot);
    EXPECT_EQ(world.node(i).topics.messages(), 0u) << "seed " << seed << ": a message is stuck at node " << world.node(i).boot;
  }
  for (std::size_t id = 0; id < world.messages.size(); ++id) {
    const QueueSimulation::Message& one = world.messages[id];
    if (one.topic == "t") {
      EXPECT_LE(one.came, 1) << "seed " << seed << ": " << id << " came twice";
    }
    if (alive.contains(one.boot)) {
      EXPECT_TRUE(one.came > 0 || one.lost) << "seed " << seed << ": " << id << " of topic " << one.topic << " is lost and not counted";
    }
    if (one.topic == "a") {
      EXPECT_FALSE(one.lost) << "seed " << seed << ": " << id;
    }
  }
}

TEST(QueueLinks, random_histories_lose_nothing_uncounted_and_double_nothing) {
  std::size_t came = 0, lost = 0;
  for (std::uint64_t seed = 1; seed <= kHistories; ++seed) {
    QueueSimulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(200);
    for (int i = 0; i < 80; ++i) {
      something_happens(world);
      world.run(10 * static_cast<std::int64_t>(1 + world.random(20)));
    }
    come_to_rest(world);
    expect_sound(world, seed);
    for (const auto& one : world.messages) came += one.came > 0, lost += one.lost;
    if (HasFailure()) return;
  }
  EXPECT_GT(came, lost * 4);  // the histories are about messages that arrive
}

TEST(QueueLinks, a_consumer_on_one_node_gets_what_is_pushed_on_all_and_each_message_goes_to_one) {
  QueueSimulation world(1);
  for (int i = 0; i < 3; ++i) world.add();
  world.pop(0, "t", false);
  world.run(300);
  for (std::size_t i = 0; i < 300; ++i) world.push(i % 3, "t");
  world.run(3000);
  world.pop(1, "t", false);
  world.run(300);
  for (std::size_t i = 0; i < 300; ++i) world.push(i % 3, "t");
  world.run(3000);
  for (const auto& one : world.messages) EXPECT_EQ(one.came, 1);
  expect_sound(world, 1);
}

TEST(QueueLinks, what_was_under_way_when_its_consumer_left_goes_to_another_node) {
  QueueSimulation world(2);
  for (int i = 0; i < 3; ++i) world.add();
  world.pop(0, "t", false);
  world.run(300);
  for (int i = 0; i < 200; ++i) world.push(1, "t");
  world.run(100);
  world.unpop(0);
  world.pop(2, "t", false);
  world.run(3000);
  for (const auto& one : world.messages) EXPECT_EQ(one.came + one.lost, 1);
  for (const auto& one : world.messages) EXPECT_FALSE(one.lost) << "it left in good order";
}

TEST(QueueLinks, a_lost_message_goes_back_to_its_topic) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    QueueSimulation world(seed);
    for (int i = 0; i < 2; ++i) world.add();
    world.pop(0, "t", false);
    world.run(500);
    world.loss_permille = 300;
    for (int i = 0; i < 100; ++i) {
      world.push(1, "t");
      world.run(10);
    }
    world.loss_permille = 0;
    world.run(kSettle);
    for (const auto& one : world.messages) EXPECT_EQ(one.came, 1) << "seed " << seed;
    expect_sound(world, seed);
  }
}

TEST(QueueLinks, a_consumer_with_more_topics_than_a_frame_holds_stops_no_other) {
  QueueSimulation world(5);
  for (int i = 0; i < 2; ++i) world.add();
  world.node(0).links.joined(consumer_id(1, 0, 9), std::vector<std::string>(1000, std::string(100, 't')), false);
  world.pop(0, "t", false);
  world.run(300);
  for (int i = 0; i < 10; ++i) world.push(1, "t");
  world.set_engine(false);
  world.set_engine(true);
  world.run(3000);
  expect_sound(world, 5);
}

TEST(QueueLinks, without_queues_nodes_say_nothing) {
  QueueSimulation world(3);
  for (int i = 0; i < 3; ++i) world.add();
  world.run(200);
  world.frames.clear();
  world.run(20'000);
  EXPECT_TRUE(world.frames.empty());
}

TEST(QueueLinks, frames_that_make_no_sense_are_refused) {
  QueueSimulation world(4);
  for (int i = 0; i < 2; ++i) world.add();
  QueueLinks& links = world.node(0).links;
  const auto refused = [&](auto frame) { return !links.on_frame(decltype(frame)::kType, wire::encode(frame)); };
  EXPECT_TRUE(refused(wire::QueueConsumer{.boot = 2, .sequence = 1, .consumer = consumer_id(3, 0, 1), .topics = {"t"}, .held = {}}));
  EXPECT_TRUE(refused(wire::QueueConsumer{.boot = 2, .sequence = 1, .consumer = consumer_id(2, 0, 1), .topics = {}, .held = {}}));
  EXPECT_TRUE(refused(wire::QueueConsumer{.boot = 2, .sequence = 1, .consumer = consumer_id(2, 0, 1), .topics = {""}, .held = {}}));
  EXPECT_TRUE(refused(wire::QueueEnd{.boot = 2, .sequence = 1, .missed = {1}}));
  EXPECT_TRUE(refused(wire::QueueGive{.boot = 2, .sequence = 1, .consumer = consumer_id(1, 0, 1), .id = 1, .topic = "t", .data = "x"}));
  EXPECT_FALSE(refused(wire::QueueGive{.boot = 9, .sequence = 1, .consumer = 1, .id = 1, .topic = "t", .data = "x"})) << "of nobody known";
  EXPECT_FALSE(links.on_frame(wire::Type::queue_give, wire::encode(wire::QueueLeave{.boot = 2})));
}

}  // namespace
}  // namespace dunlin
