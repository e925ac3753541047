// SPDX-License-Identifier: Apache-2.0
// The hub against a model: whatever mix of publishes, replies, joins, leaves and stalled readers, each connection gets
// exactly the messages it should, in order, and everything that it does not get is counted.
#include "core/hub/channels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace dunlin {
namespace {

class FakeConnection final : public Sink {
 public:
  FakeConnection(Flusher& flusher, Channels& channels, std::size_t limit)
      : outbox(flusher, *this, limit), subscriber(channels, outbox) {}

  Took write(std::string_view frames) override {
    if (dead) return Took::dead;
    received += frames;
    ++writes;
    return stalled ? Took::blocked : Took::all;
  }
  void overflowed() override { over = true; }

  std::vector<std::string> messages() const {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < received.size();) {
      std::size_t length = static_cast<unsigned char>(received[at + 1]), header = 2;
      if (length == 126) {
        length = static_cast<std::size_t>(static_cast<unsigned char>(received[at + 2])) << 8 |
                 static_cast<unsigned char>(received[at + 3]);
        header = 4;
      }
      out.push_back(received.substr(at + header, length));
      at += header + length;
    }
    return out;
  }

  std::string received;
  int writes = 0;
  bool stalled = false, dead = false, over = false;
  Outbox outbox;
  Subscriber subscriber;
};

struct Hub : testing::Test {
  Counters counters;
  Flusher flusher{counters};
  Channels channels{flusher, counters};

  std::unique_ptr<FakeConnection> connect(std::size_t limit = 1 << 20) {
    return std::make_unique<FakeConnection>(flusher, channels, limit);
  }
  Channels::Delivered publish(std::string_view channel, std::string_view data) {
    return channels.publish(channel, Message::make(Kind::text, data));
  }
  void end_turn() {
    channels.end_turn();
    flusher.report_overflows();
  }
};

using Texts = std::vector<std::string>;

TEST_F(Hub, a_turn_of_publishes_is_one_write_each) {
  auto a = connect(), b = connect();
  a->subscriber.subscribe("news");
  b->subscriber.subscribe("news");
  for (const char* text : {"1", "2", "3"}) EXPECT_EQ(publish("news", text).success, 2u);
  EXPECT_EQ(a->writes, 0);
  end_turn();
  EXPECT_EQ(a->messages(), (Texts{"1", "2", "3"}));
  EXPECT_EQ(b->messages(), (Texts{"1", "2", "3"}));
  EXPECT_EQ(a->writes, 1);
  EXPECT_EQ(counters.get(Counter::deliveries), 6u);
  EXPECT_EQ(counters.get(Counter::messages_out), 6u);
}

TEST_F(Hub, nobody_subscribed_is_no_failure) {
  const auto delivered = publish("empty", "x");
  EXPECT_EQ(delivered.success, 0u);
  EXPECT_EQ(delivered.fail, 0u);
}

TEST_F(Hub, order_holds_across_channels_and_replies) {
  auto a = connect(), b = connect();
  for (auto* connection : {a.get(), b.get()})
    for (const char* channel : {"x", "y"}) connection->subscriber.subscribe(channel);
  publish("x", "1");
  publish("y", "2");
  a->outbox.push_now(Message::make(Kind::text, "reply"));
  publish("x", "3");
  publish("y", "4");
  end_turn();
  EXPECT_EQ(a->messages(), (Texts{"1", "2", "reply", "3", "4"}));
  EXPECT_EQ(b->messages(), (Texts{"1", "2", "3", "4"}));
}

TEST_F(Hub, a_reply_to_an_idle_connection_goes_at_once) {
  auto a = connect();
  a->outbox.push_now(Message::make(Kind::text, "now"));
  EXPECT_EQ(a->messages(), Texts{"now"});
}

TEST_F(Hub, joining_and_leaving_in_mid_turn) {
  auto a = connect(), b = connect(), c = connect();
  a->subscriber.subscribe("x");
  b->subscriber.subscribe("x");
  publish("x", "1");
  c->subscriber.subscribe("x");
  a->subscriber.unsubscribe("x");
  EXPECT_EQ(publish("x", "2").success, 2u);
  end_turn();
  EXPECT_EQ(a->messages(), Texts{"1"});
  EXPECT_EQ(b->messages(), (Texts{"1", "2"}));
  EXPECT_EQ(c->messages(), Texts{"2"});
}

TEST_F(Hub, subscribing_twice_is_one_subscription) {
  auto a = connect();
  EXPECT_TRUE(a->subscriber.subscribe("x"));
  EXPECT_FALSE(a->subscriber.subscribe("x"));
  EXPECT_EQ(publish("x", "1").success, 1u);
  EXPECT_TRUE(a->subscriber.unsubscribe("x"));
  EXPECT_FALSE(a->subscriber.unsubscribe("x"));
  EXPECT_EQ(channels.count(), 0u);
}

TEST_F(Hub, a_slow_reader_is_bounded_and_hurts_nobody) {
  auto slow = connect(100), quick = connect(100);
  slow->subscriber.subscribe("x");
  quick->subscriber.subscribe("x");
  slow->stalled = true;
  const std::string text(40, 't');
  publish("x", text);  // taken by the transport, which then blocks
  end_turn();
  EXPECT_EQ(publish("x", text).success, 2u);  // waits: 42 + 42 bytes
  const auto third = publish("x", text);      // would be 126: over the limit
  EXPECT_EQ(third.success, 1u);
  EXPECT_EQ(third.fail, 1u);
  EXPECT_FALSE(slow->over);
  end_turn();
  EXPECT_TRUE(slow->over);
  EXPECT_EQ(quick->messages().size(), 3u);
  EXPECT_EQ(counters.get(Counter::drop_slow), 1u);
  slow->outbox.discard(Counter::drop_slow);
  EXPECT_EQ(counters.get(Counter::drop_slow), 2u);
  EXPECT_EQ(flusher.waiting_bytes(), 0u);
}

TEST_F(Hub, a_backlog_drains_in_order) {
  auto slow = connect();
  auto other = connect();
  slow->subscriber.subscribe("x");
  other->subscriber.subscribe("x");
  slow->stalled = true;
  Texts expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back(std::to_string(i));
    publish("x", expected.back());
    if (i % 7 == 0) end_turn();
  }
  end_turn();
  EXPECT_LT(slow->messages().size(), 50u);
  slow->stalled = false;
  slow->outbox.on_writable();
  EXPECT_EQ(slow->messages(), expected);
  EXPECT_TRUE(slow->outbox.empty());
}

TEST_F(Hub, a_long_turn_is_written_in_the_middle) {
  auto a = connect(), b = connect();
  a->subscriber.subscribe("x");
  b->subscriber.subscribe("x");
  const std::string text(1000, 'x');
  for (int i = 0; i < 200; ++i) publish("x", text);
  EXPECT_GT(a->writes, 1);
  end_turn();
  EXPECT_EQ(a->messages().size(), 200u);
  EXPECT_EQ(b->messages().size(), 200u);
}

TEST_F(Hub, a_dead_transport_drops_and_counts) {
  auto a = connect(), b = connect();
  a->subscriber.subscribe("x");
  b->subscriber.subscribe("x");
  a->dead = true;
  publish("x", "1");
  publish("x", "2");
  end_turn();
  EXPECT_EQ(counters.get(Counter::drop_closed), 2u);
  EXPECT_EQ(b->messages().size(), 2u);
}

// Every kind of event in every order: the model is a plain list per connection.
TEST_F(Hub, connections_of_many_channels_share_them_as_in_the_model) {
  std::mt19937 random(11);
  std::vector<std::unique_ptr<FakeConnection>> connections;
  for (int i = 0; i < 6; ++i) connections.push_back(connect());
  std::map<std::string, std::set<std::size_t>> members;
  for (int step = 0; step < 6000; ++step) {
    const std::size_t who = random() % connections.size();
    const std::string channel = std::to_string(random() % 120);
    if (random() % 3 != 0) {
      EXPECT_EQ(connections[who]->subscriber.subscribe(channel), members[channel].insert(who).second);
    } else {
      EXPECT_EQ(connections[who]->subscriber.unsubscribe(channel), members[channel].erase(who) == 1);
    }
    if (step % 1000 != 999) continue;
    std::size_t subscriptions = 0;
    for (const auto& [name, those] : members) {
      EXPECT_EQ(publish(name, name).success, those.size());
      subscriptions += those.size();
      for (std::size_t i = 0; i < connections.size(); ++i) EXPECT_EQ(connections[i]->subscriber.subscribed(name), those.contains(i));
    }
    EXPECT_EQ(channels.subscriptions(), subscriptions);
    end_turn();
    connections[who] = connect();
    for (auto& [name, those] : members) those.erase(who);
  }
  connections.clear();
  EXPECT_EQ(channels.count(), 0u);
}

TEST_F(Hub, random_schedules_agree_with_the_model) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    std::vector<std::unique_ptr<FakeConnection>> connections;
    for (int i = 0; i < 5; ++i) connections.push_back(connect());
    std::vector<Texts> expected(connections.size());
    std::map<std::string, std::set<std::size_t>> members;
    for (int step = 0; step < 400; ++step) {
      const std::size_t who = pick(connections.size());
      const std::string channel(1, static_cast<char>('a' + pick(3)));
      FakeConnection& connection = *connections[who];
      switch (pick(9)) {
        case 0:
          EXPECT_EQ(connection.subscriber.subscribe(channel), members[channel].insert(who).second);
          break;
        case 1:
          EXPECT_EQ(connection.subscriber.unsubscribe(channel), members[channel].erase(who) == 1);
          break;
        case 2:
          connection.outbox.push_now(Message::make(Kind::text, "r" + std::to_string(step)));
          expected[who].push_back("r" + std::to_string(step));
          break;
        case 3:
          connection.stalled = !connection.stalled;
          if (!connection.stalled && connection.outbox.backlogged()) connection.outbox.on_writable();
          break;
        case 4:
          end_turn();
          break;
        default: {
          const std::string text = "p" + std::to_string(step) + std::string(pick(20) == 0 ? 9000 : pick(50), '.');
          EXPECT_EQ(publish(channel, text).success, members[channel].size());
          for (const std::size_t member : members[channel]) expected[member].push_back(text);
        }
      }
    }
    for (std::size_t i = 0; i < connections.size(); ++i) {
      connections[i]->stalled = false;
      if (connections[i]->outbox.backlogged()) connections[i]->outbox.on_writable();
    }
    end_turn();
    for (std::size_t i = 0; i < connections.size(); ++i)
      ASSERT_EQ(connections[i]->messages(), expected[i]) << "seed " << seed << ", connection " << i;
    connections.clear();
    EXPECT_EQ(channels.count(), 0u);
    EXPECT_EQ(channels.subscriptions(), 0u);
    EXPECT_EQ(flusher.waiting_bytes(), 0u);
  }
}

}  // namespace
}  // namespace dunlin
