// SPDX-License-Identifier: Apache-2.0
// A publish to clients that agreed on compression, and to others, on one channel.
#include <string>
#include <vector>

#include "core/session/fanout.h"
#include "scene.h"

namespace dunlin {
namespace {

class DeflatedFanout : public Scene {
 protected:
  DeflatedFanout() { endpoint.compression = {.on = true, .threshold = 100, .window_bits = 15}; }

  Session& join(FakeTransport& by, unsigned window_bits) {
    by.agreed_bits = window_bits;
    Session& session = table.open(by, served, "192.0.2.7:1", nullptr);
    session.start();
    EXPECT_EQ(session.subscribe("room"), DUNLIN_OK);
    return session;
  }
  std::string publish(std::string_view text) {
    const auto [success, fail] = table.fanout().publish("room", Message::make(Kind::text, text));
    return std::to_string(success) + "/" + std::to_string(fail);
  }
  static std::string plain(std::string_view text) { return std::string(Message::make(Kind::text, text)->frame()); }
  static std::string small(std::string_view text, unsigned bits = 15) {
    Deflater deflater;
    return std::string(Message::compressed(Kind::text, deflater.deflate(text, bits))->frame());
  }
  std::uint64_t compressed() const { return counters.get(Counter::compressed); }

  const std::string page = std::string(600, 'a');
  FakeTransport first{flusher}, second{flusher}, narrow{flusher};
};

TEST_F(DeflatedFanout, OneCompressionForManySubscribersAndNoneForTheOthers) {
  join(transport, 0), join(first, 15), join(second, 15);
  EXPECT_EQ(publish(page), "3/0");
  EXPECT_EQ(publish("short"), "3/0");
  EXPECT_EQ(publish(page), "3/0");
  end_turn();
  EXPECT_EQ(transport.written, plain(page) + plain("short") + plain(page));
  EXPECT_EQ(first.written, small(page) + plain("short") + small(page));
  EXPECT_EQ(second.written, first.written);
  EXPECT_EQ(compressed(), 2u);
  EXPECT_EQ(counters.get(Counter::deliveries), 9u);
  EXPECT_EQ(counters.get(Counter::writes), 3u);  // gathered for each kind
}

TEST_F(DeflatedFanout, EachWindowIsHonoured) {
  join(first, 15), join(narrow, 9);
  EXPECT_EQ(publish(page), "2/0");
  end_turn();
  EXPECT_EQ(first.written, small(page, 15));
  EXPECT_EQ(narrow.written, small(page, 9));
  EXPECT_EQ(compressed(), 2u);  // 600 bytes are more than a window of 512
}

TEST_F(DeflatedFanout, WithoutACompressingSubscriberNothingIsCompressed) {
  join(transport, 0);
  table.open(first, served, "192.0.2.7:1", nullptr).start();
  EXPECT_EQ(publish(page), "1/0");
  EXPECT_EQ(compressed(), 0u);
}

TEST_F(DeflatedFanout, RepliesAndMessagesToOneAreCompressedToo) {
  Session& session = join(first, 15);
  const MessageRef message = Message::make(Kind::text, page);
  EXPECT_EQ(session.send(Kind::text, page), DUNLIN_OK);
  EXPECT_EQ(session.deliver(message), SendResult::sent);
  EXPECT_EQ(session.deliver(message), SendResult::sent);
  EXPECT_EQ(session.send(Kind::text, "short"), DUNLIN_OK);
  end_turn();
  EXPECT_EQ(first.written, small(page) + small(page) + small(page) + plain("short"));
  EXPECT_EQ(compressed(), 2u);
}

TEST_F(DeflatedFanout, ASlowReaderIsCountedByWhatItIsSent) {
  join(first, 15), join(second, 15);
  first.stalled = true;
  publish(page);
  end_turn();  // the first write blocks
  std::string sent = small(page);
  for (int i = 0; i < 20; ++i, sent += small(page)) {
    EXPECT_EQ(publish(page), "2/0");
    end_turn();
  }
  EXPECT_EQ(second.written, sent);
  EXPECT_EQ(first.written, small(page));
  first.stalled = false;
  first.box.on_writable();
  EXPECT_EQ(first.written, sent);
}

TEST_F(DeflatedFanout, ASettingThatIsTurnedOffHoldsForOpenConnections) {
  join(first, 15);
  endpoint.compression.on = false;
  Generation generation;
  generation.config.listeners.push_back({.bind = {}, .tls = {}, .endpoints = {endpoint}, .place = {}});
  generation.modules.endpoints.push_back({endpoint_modules});
  Served next(generation);
  table.fanout().serve(next);
  publish(page);
  end_turn();
  EXPECT_EQ(first.written, plain(page));
  EXPECT_EQ(compressed(), 0u);
}

TEST_F(DeflatedFanout, AChannelOfSeveralKindsIsOne) {
  std::vector<std::string> told;
  table.fanout().on_interest([&](std::string_view name, bool wanted) { told.push_back((wanted ? "+" : "-") + std::string(name)); });
  Session& one = join(transport, 0);
  Session& two = join(first, 15);
  join(narrow, 9);
  EXPECT_EQ(table.fanout().channels(), 1u);
  EXPECT_EQ(table.fanout().subscriptions(), 3u);
  one.unsubscribe("room"), two.unsubscribe("room");
  EXPECT_EQ(told, std::vector<std::string>{"+room"});
  two.subscribe("room");
  two.subscribe("other");
  EXPECT_EQ(table.fanout().channels(), 2u);
  two.close(CloseReason::normal);
  EXPECT_EQ(told, (std::vector<std::string>{"+room", "+other", "-other"}));
  EXPECT_EQ(table.fanout().channels(), 1u);
  table.fanout().on_interest({});  // the others leave when the test has ended
}

}  // namespace
}  // namespace dunlin
