// SPDX-License-Identifier: Apache-2.0
// What holds in every history of a cluster: see docs/cluster.md.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/mesh/simulation.h"

namespace dunlin {
namespace {

constexpr std::int64_t kSettle = 6000;

// Where a sanitizer slows everything down fewer do.
#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kHistories = 20;  // there is one thread to watch
#elif defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kHistories = 200;
#else
constexpr std::uint64_t kHistories = 2000;
#endif

std::string channel_of(std::uint64_t number) { return "c" + std::to_string(number); }

// One random thing happens.
void something_happens(Simulation& world) {
  const std::size_t who = static_cast<std::size_t>(world.random(world.size()));
  switch (world.random(40)) {
    case 0:
      if (world.size() < 6) world.add();
      return;
    case 1:
      if (world.size() > 2) world.kill(who);
      return;
    case 2:
      if (world.size() > 2) world.stop(who);
      return;
    case 3: return world.set_engine(world.random(3) != 0);
    case 4: return world.set_link(who, world.random(3) != 0);
    case 5: return world.set_group(who, static_cast<int>(world.random(2)));
    case 6: return world.stall(who, static_cast<std::int64_t>(world.random(6000)));
    case 7: world.any_loss_permille = world.random(4) == 0 ? 50 : 0; return;
    case 8: return world.heal();
    case 9: return world.set_slow(who, static_cast<std::int64_t>(world.random(1500)));
    case 10: case 11: case 12: return world.subscribe(who, channel_of(world.random(4)));
    case 13: case 14: return world.unsubscribe(who, channel_of(world.random(4)));
    default: world.publish(who, channel_of(world.random(4)));
  }
}

void expect_one_view(Simulation& world, std::uint64_t seed) {
  std::set<unsigned> numbers;
  for (std::size_t i = 0; i < world.size(); ++i) {
    EXPECT_NE(world.node(i).number, 0u) << "seed " << seed;
    EXPECT_TRUE(numbers.insert(world.node(i).number).second) << "seed " << seed << ": a number is used twice";
    EXPECT_FALSE(world.node(i).was_evicted) << "seed " << seed;
    EXPECT_EQ(world.node(i).cluster.nodes(world.now).size(), world.size()) << "seed " << seed;
    EXPECT_TRUE(world.node(i).cluster.complete()) << "seed " << seed << ' ' << world.node(i).boot;
    EXPECT_EQ(world.node(i).cluster.pending(), 0u) << "seed " << seed;
    EXPECT_EQ(world.node(i).stats.bad_frames.load(), 0u) << "seed " << seed;
  }
}

// In quiet times every publish reaches all that want it, and says so.
void expect_exact(Simulation& world, std::uint64_t seed) {
  const std::size_t first = world.published.size();
  world.confirm_all();
  for (std::size_t i = 0; i < world.size(); ++i)
    for (std::uint64_t c = 0; c < 4; ++c) world.publish(i, channel_of(c));
  world.run(1000);
  for (std::size_t id = first; id < world.published.size(); ++id) {
    const Simulation::Published& one = world.published[id];
    EXPECT_EQ(one.tally, (Tally{one.expected.size(), 0})) << "seed " << seed << " message " << id;
    std::set<std::uint64_t> got;
    for (const auto& [boot, times] : world.deliveries[id]) got.insert(boot);
    EXPECT_EQ(got, one.expected) << "seed " << seed << " message " << id;
  }
}

void expect_sound(Simulation& world, std::uint64_t seed) {
  EXPECT_TRUE(world.out_of_order.empty()) << "seed " << seed << ": " << world.out_of_order.front();
  for (const auto& [id, boots] : world.deliveries) {
    for (const auto& [boot, times] : boots) EXPECT_EQ(times, 1) << "seed " << seed << " message " << id;
    EXPECT_LE(world.published[id].tally.success, boots.size()) << "seed " << seed << " message " << id;
  }
  for (std::size_t id = 0; id < world.published.size(); ++id)
    EXPECT_LE(world.published[id].answers, 1) << "seed " << seed << " message " << id;
}

TEST(Cluster, random_histories_of_joins_and_losses) {
  for (std::uint64_t seed = 1; seed <= kHistories; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(600);
    for (int i = 0; i < 80; ++i) {
      something_happens(world);
      world.run(10 * static_cast<std::int64_t>(1 + world.random(20)));
    }
    world.heal();
    world.run(kSettle + 6000);  // the last that stalled is back
    expect_one_view(world, seed);
    expect_exact(world, seed);
    expect_sound(world, seed);
    EXPECT_EQ(world.uncounted(), 0u) << "seed " << seed;
    if (HasFailure()) return;
  }
}

// Nobody unsubscribes and nobody dies: then the counters do not only cover what is missing, they are it.
TEST(Cluster, what_is_missing_is_what_is_counted) {
  for (std::uint64_t seed = 1; seed <= kHistories / 2; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(1000);
    for (std::size_t i = 0; i < 3; ++i) world.subscribe(i, "c0");
    world.run(1000);
    for (int i = 0; i < 100; ++i) {
      const std::size_t who = static_cast<std::size_t>(world.random(3));
      switch (world.random(20)) {
        case 0: world.set_engine(world.random(3) != 0); break;
        case 1: world.set_link(who, world.random(3) != 0); break;
        case 2: world.set_group(who, static_cast<int>(world.random(2))); break;
        case 3: world.stall(who, static_cast<std::int64_t>(world.random(8000))); break;
        case 4: world.loss_permille = static_cast<unsigned>(world.random(300)); break;
        case 5: world.heal(); break;
        default: world.publish(who, "c0");
      }
      world.run(10 * static_cast<std::int64_t>(1 + world.random(20)));
    }
    world.heal();
    world.run(kSettle + 8000);
    std::uint64_t expected = 0, come = 0;
    for (const auto& one : world.published) expected += one.expected.size();
    for (const auto& [id, boots] : world.deliveries) come += boots.size();
    EXPECT_EQ(expected, come + world.lost()) << "seed " << seed;
    expect_one_view(world, seed);
    expect_sound(world, seed);
    if (HasFailure()) return;
  }
}

void publish_often(Simulation& world, std::size_t index, const std::string& channel, int times) {
  for (int i = 0; i < times; ++i) {
    world.publish(index, channel);
    world.run(10);
  }
}

TEST(Cluster, what_a_silent_node_misses_is_counted_though_the_publisher_is_gone) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(1000);
    world.subscribe(1, "c0");
    world.run(1000);
    world.set_group(1, 1);
    world.run(kSettle);
    publish_often(world, 0, "c0", 20);
    publish_often(world, 2, "c0", 5);
    world.run(400);
    world.kill(0);
    world.heal();
    world.run(kSettle);
    EXPECT_EQ(world.node(0).stats.silent, 25u) << "seed " << seed << ": by the one that missed it";
    EXPECT_EQ(world.node(1).stats.silent, 0u) << "seed " << seed;
    EXPECT_EQ(world.node(1).stats.unheard, 5u) << "seed " << seed;
  }
}

TEST(Cluster, what_a_silent_node_misses_is_counted_though_it_never_comes_back) {
  Simulation world(1);
  for (int i = 0; i < 3; ++i) world.add();
  world.run(1000);
  world.subscribe(1, "c0");
  world.run(1000);
  publish_often(world, 0, "c0", 3);  // it is heard
  world.stall(1, 60'000);
  world.run(kSettle);
  publish_often(world, 0, "c0", 20);
  publish_often(world, 2, "c0", 5);
  publish_often(world, 0, "c1", 5);  // it does not want that
  world.kill(1);
  world.run(kSettle);
  EXPECT_EQ(world.node(0).stats.unheard, 20u);
  EXPECT_EQ(world.node(1).stats.unheard, 5u);
}

TEST(Cluster, what_is_subscribed_beyond_a_cut_is_counted_when_it_heals) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(1000);
    publish_often(world, 0, "c1", 3);  // nobody wants it yet
    world.run(3000);
    world.set_group(2, 1);
    world.run(kSettle);
    world.add();
    world.set_group(3, 1);
    world.run(1500);
    world.subscribe(2, "c1");
    world.subscribe(3, "c1");  // on a node that the publisher has never met
    world.run(500);
    publish_often(world, 0, "c1", 7);
    world.heal();
    world.run(kSettle);
    EXPECT_EQ(world.node(2).stats.silent, 7u) << "seed " << seed;
    EXPECT_EQ(world.node(3).stats.silent, 7u) << "seed " << seed;
    expect_one_view(world, seed);
  }
}

TEST(Cluster, every_publish_is_answered_once) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(1000);
    for (std::size_t i = 0; i < 3; ++i) world.subscribe(i, "c0");
    world.run(1000);
    for (int i = 0; i < 30; ++i) {
      if (i == 15) world.set_engine(false);
      if (i == 22) world.set_engine(true);
      world.publish(world.random(3), "c0");
      world.run(10 * static_cast<std::int64_t>(world.random(10)));
    }
    world.run(kSettle);
    for (const auto& one : world.published) {
      EXPECT_EQ(one.answers, 1) << "seed " << seed;
      EXPECT_EQ(one.tally.success + one.tally.fail, 2u) << "seed " << seed;
    }
  }
}

TEST(Cluster, what_the_engine_loses_is_counted_where_it_is_missing) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(1000);
    for (std::size_t i = 0; i < 3; ++i) world.subscribe(i, "c0");
    world.run(1000);
    world.loss_permille = 200;
    for (int i = 0; i < 50; ++i) {
      world.publish(world.random(3), "c0");
      world.run(10);
    }
    world.loss_permille = 0;
    world.run(4000);  // heartbeats tell what was the last
    std::uint64_t lost = 0;
    for (std::size_t i = 0; i < 3; ++i) lost += world.node(i).stats.lost;
    EXPECT_EQ(lost, world.dropped) << "seed " << seed;
    expect_sound(world, seed);
  }
}

TEST(Cluster, nodes_that_start_together_share_no_number) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Simulation world(seed);
    for (int i = 0; i < 12; ++i) world.add();
    world.run(3000);
    expect_one_view(world, seed);
  }
}

TEST(Cluster, a_number_that_a_dead_node_had_is_refused) {
  Simulation world(7);
  world.add();
  world.add();
  world.run(1000);
  const unsigned late = world.node(1).number;
  world.kill(1);
  world.run(kSettle);
  EXPECT_EQ(world.node(0).cluster.nodes(world.now).size(), 1u);
  const auto claim = [&](unsigned number) {
    world.node(0).cluster.received(wire::encode(wire::Claim{99, number}), world.now);
    return world.frames[wire::Type::taken];
  };
  EXPECT_EQ(claim(late), 1);
  EXPECT_EQ(claim(world.node(0).number), 2);
  const unsigned free = late % 16000 + 1 == world.node(0).number ? late % 16000 + 2 : late % 16000 + 1;
  EXPECT_EQ(claim(free), 2);
}

// A connection that the second of two new nodes has.
ClientId on_second_of_two(Simulation& world) {
  world.add();
  world.add();
  world.run(1000);
  return ClientId(world.node(1).number, 0, 1, 0);
}

TEST(Cluster, a_send_and_a_call_reach_the_node_that_the_id_names) {
  Simulation world(3);
  const ClientId there = on_second_of_two(world);
  std::vector<SendStatus> sent;
  std::vector<CallOutcome> called;
  const auto send = [&](ClientId id) {
    world.node(0).cluster.send(id, Message::make(Kind::text, "x"), [&](SendStatus s) { sent.push_back(s); }, world.now);
  };
  send(there);
  world.node(0).cluster.call(there, {ConnCall::Function::context, {"key"}}, [&](CallOutcome o) { called.push_back(o); },
                             world.now);
  world.run(300);
  ASSERT_EQ(called.size(), 1u);
  EXPECT_TRUE(called[0].done);
  EXPECT_EQ(called[0].text, "key");
  send(ClientId(world.node(1).number ^ 1, 0, 1, 0));  // nobody's
  ASSERT_EQ(sent, (std::vector{SendStatus::sent, SendStatus::no_such_connection}));
  world.kill(1);
  send(there);
  world.run(kSettle);
  send(there);  // known to be dead: at once
  EXPECT_EQ(sent, (std::vector{SendStatus::sent, SendStatus::no_such_connection, SendStatus::unreachable,
                               SendStatus::no_such_connection}));
  world.set_engine(false);
  send(there);
  EXPECT_EQ(sent.back(), SendStatus::unreachable);
}

TEST(Cluster, what_a_node_was_sent_before_it_fell_silent_may_still_arrive) {
  Simulation world(3);
  const ClientId there = on_second_of_two(world);
  std::vector<SendStatus> sent;
  std::vector<CallOutcome> called;
  world.stall(1, 8000);
  while (world.node(0).stats.left == 0) {  // one is under way when it is given up
    world.node(0).cluster.send(there, Message::make(Kind::text, "x"), [&](SendStatus s) { sent.push_back(s); }, world.now);
    world.node(0).cluster.call(there, {ConnCall::Function::context, {"key"}}, [&](CallOutcome o) { called.push_back(o); }, world.now);
    world.run(100);
  }
  EXPECT_EQ(world.node(0).cluster.pending(), 0u);
  for (const SendStatus status : sent) EXPECT_EQ(status, SendStatus::timeout);
  for (const CallOutcome& outcome : called) EXPECT_EQ(outcome.text, "its node did not report in time");
}

// The engine had not noticed yet that the node is dead: it said nothing to the question, but does when asked anew.
TEST(Cluster, a_node_that_dies_with_a_question_keeps_nobody_waiting) {
  Simulation world(3);
  const ClientId there = on_second_of_two(world);
  world.subscribe(1, "c");
  world.run(500);
  world.stall(1, 8000);
  std::vector<SendStatus> sent;
  world.node(0).cluster.send(there, Message::make(Kind::text, "x"), [&](SendStatus s) { sent.push_back(s); }, world.now);
  world.publish(0, "c");
  world.kill(1);
  world.run(200);
  EXPECT_EQ(sent, std::vector{SendStatus::timeout}) << "it may have arrived";
  EXPECT_EQ(world.published.back().answers, 1);
  EXPECT_EQ(world.published.back().tally.fail, 1u);
  EXPECT_EQ(world.node(0).stats.no_answer, 1u);
}

// What the first publishes on a channel of the second, that began while the first could not hear it, before they meet.
void meet_late(Simulation& world) {
  world.add();
  world.run(3000);
  world.subscribe(1, "c");
  world.run(500);
  ASSERT_EQ(world.node(1).channels.size(), 1u);
}

TEST(Cluster, what_a_newcomer_missed_of_a_node_that_slept_when_it_came_is_counted) {
  Simulation world(3);
  world.add();
  world.run(1000);
  world.stall(0, 5000);
  world.any_loss_permille = 1000;  // its engine has kept nothing for it
  meet_late(world);
  world.any_loss_permille = 0;
  world.stall(1, 2500);
  world.run(1600);  // the first is awake
  for (int i = 0; i < 7; ++i) world.publish(0, "c");
  ASSERT_EQ(world.published.size(), 7u);
  world.run(kSettle);
  EXPECT_EQ(world.node(1).stats.silent, 7u);
}

TEST(Cluster, what_a_newcomer_missed_of_a_node_without_the_engine_is_counted) {
  Simulation world(3);
  world.add();
  world.run(1000);
  for (int i = 0; i < 5; ++i) world.publish(0, "c");  // before it began
  world.set_link(0, false);
  meet_late(world);
  for (int i = 0; i < 7; ++i) world.publish(0, "c");
  world.set_link(0, true);
  world.run(kSettle);
  EXPECT_EQ(world.node(1).stats.silent, 7u);
  EXPECT_EQ(world.node(0).stats.unheard, 7u);
}

// What waits for it comes before what the others said meanwhile, if it so happens: here always, since that is cut off for so long.
TEST(Cluster, what_a_node_publishes_as_it_wakes_is_counted_where_a_channel_was_subscribed_meanwhile) {
  for (const std::int64_t asleep : {700, 1500, 3000, 9000}) {
    Simulation world(3);
    for (int i = 0; i < 3; ++i) world.add();
    world.run(3000);
    world.stall(0, asleep);
    world.subscribe(1, "c");
    world.run(asleep - 50);
    ASSERT_TRUE(world.node(1).answered.contains("c"));
    world.stall(0, 0);
    EXPECT_TRUE(world.node(0).cluster.complete() || asleep > 500);
    for (int i = 0; i < 7; ++i) world.publish(0, "c");
    world.run(kSettle);
    EXPECT_EQ(world.deliveries.size(), 0u) << asleep;
    EXPECT_EQ(world.node(1).stats.silent, 7u) << asleep;
    EXPECT_EQ(world.uncounted(), 0u);
  }
}

// The first hears of a channel only long after it was answered. Where much of what is said is lost it may reckon too much.
TEST(Cluster, what_is_published_before_a_subscription_is_heard_of_is_counted) {
  for (const unsigned lost : {0u, 300u}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Simulation world(seed);
      for (int i = 0; i < 3; ++i) world.add();
      world.run(3000);
      publish_often(world, 0, "c", 5);
      world.run(2000);
      world.set_slow(1, 1200);
      world.any_loss_permille = lost;
      world.subscribe(1, "c");
      world.run(600);
      ASSERT_TRUE(world.node(1).answered.contains("c"));
      publish_often(world, 0, "c", 7);
      world.run(3000);
      world.heal();
      world.run(kSettle);
      EXPECT_EQ(world.deliveries.size(), 0u);
      EXPECT_GE(world.node(1).stats.silent, 7u) << "seed " << seed;
      EXPECT_LE(world.node(1).stats.silent, lost == 0 ? 7u : 12u) << "seed " << seed;
    }
  }
}

// The others still speak of it: they have not noticed.
TEST(Cluster, a_node_that_is_started_right_after_it_was_killed_waits_for_no_ghost) {
  Simulation world(11);
  for (int i = 0; i < 3; ++i) world.add();
  world.run(3000);
  world.kill(2);
  Simulation::Node& again = world.add();
  world.run(900);
  EXPECT_NE(again.number, 0u);
  EXPECT_FALSE(again.cluster.complete()) << "the engine may be wrong: answers are partial for a while";
  world.run(kSettle);
  EXPECT_TRUE(again.cluster.complete());
}

TEST(Cluster, without_interest_nothing_is_sent) {
  Simulation world(5);
  for (int i = 0; i < 3; ++i) world.add();
  world.run(1000);
  world.subscribe(1, "c0");
  world.run(500);
  world.publish(0, "c1");
  EXPECT_EQ(world.published.back().answers, 1) << "answered at once";
  EXPECT_FALSE(world.node(0).filter.maybe(channel_hash("c1")));
  EXPECT_TRUE(world.node(0).filter.maybe(channel_hash("c0")));
  world.publish(0, "c0");
  world.run(500);
  EXPECT_EQ(world.node(2).stats.received, 0u);
  EXPECT_EQ(world.node(1).stats.received, 1u);
  world.unsubscribe(1, "c0");
  world.run(2000);
  EXPECT_FALSE(world.node(0).filter.maybe(channel_hash("c0")));
}

TEST(Cluster, a_hundred_thousand_channels_are_told_and_asked_for) {
  constexpr int kChannels = 100'000;
  Simulation world(11);
  world.add();
  world.add();
  world.run(1000);
  int known = 0;
  for (int i = 0; i < kChannels; ++i) world.node(0).cluster.subscribed(channel_hash(channel_of(static_cast<std::uint64_t>(i))), [&known] { ++known; });
  world.run(1000);
  EXPECT_EQ(known, kChannels);
  world.add();
  world.run(2000);
  for (std::size_t other : {1u, 2u})
    for (int i = 0; i < kChannels; i += 997) EXPECT_TRUE(world.node(other).filter.maybe(channel_hash(channel_of(static_cast<std::uint64_t>(i))))) << other;
  world.publish(2, channel_of(kChannels - 1u));
  EXPECT_EQ(world.node(2).stats.published, 1u);
}

TEST(Cluster, nobody_waits_again_for_who_does_not_confirm) {
  Simulation world(13);
  for (int i = 0; i < 3; ++i) world.add();
  world.run(1000);
  world.stall(2, 2000);
  std::vector<std::int64_t> known;
  const auto subscribe = [&](std::uint64_t channel) {
    world.node(0).cluster.subscribed(channel_hash(channel_of(channel)), [&] { known.push_back(world.now); });
  };
  const std::int64_t begun = world.now;
  subscribe(1);
  world.run(700);
  ASSERT_EQ(known.size(), 1u);
  EXPECT_GE(known[0] - begun, 450) << "it waited for the one that stalls";
  const std::int64_t again = world.now;
  subscribe(2);
  world.run(300);
  ASSERT_EQ(known.size(), 2u);
  EXPECT_LE(known[1] - again, 200) << "and did so once";
  EXPECT_EQ(world.node(0).stats.unconfirmed, 2u);
  world.run(2000);
  subscribe(3);
  world.run(300);
  EXPECT_EQ(known.size(), 3u);
  EXPECT_EQ(world.node(0).stats.unconfirmed, 2u) << "it has confirmed since";
}

TEST(Wire, what_is_no_frame_is_refused) {
  const std::string whole = wire::encode(wire::Publish{1, 2, 3, 1, "channel", "payload"});
  wire::Publish frame;
  ASSERT_TRUE(wire::decode(whole, frame));
  EXPECT_EQ(frame.channel, "channel");
  EXPECT_EQ(frame.payload, "payload");
  for (std::size_t length = 2; length < whole.size(); ++length) {
    wire::Publish cut;
    EXPECT_FALSE(wire::decode(std::string_view(whole).substr(0, length), cut)) << length;
  }
  wire::Type type;
  EXPECT_FALSE(wire::type_of("", type));
  EXPECT_FALSE(wire::type_of(std::string("\x01\x01", 2), type));
  EXPECT_FALSE(wire::type_of(std::string("\x02\x7f", 2), type));
}

}  // namespace
}  // namespace dunlin
