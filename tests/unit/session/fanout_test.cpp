// SPDX-License-Identifier: Apache-2.0
// A publish reaches each connection in what it speaks: WebSocket frames, or what the framer of its endpoint makes.
#include "core/session/fanout.h"

#include <string>
#include <vector>

#include "scene.h"

namespace dunlin {
namespace {

class FanoutTest : public Scene {
 protected:
  FanoutTest() {
    transport.speaks = other.speaks = Protocol::socket;
    script.encode = [this](ClientId id, const Message& message) {
      ++encodings;
      if (!id && each) return Encoded{Encoded::Outcome::each, {}};
      if (message.payload() == "bad") return Encoded{};
      return Encoded{Encoded::Outcome::done, Message::raw("<" + std::string(message.payload()) + ">")};
    };
  }
  Session& join(FakeTransport& by) {
    Session& session = table.open(by, served, "192.0.2.7:1", nullptr);
    session.start();
    EXPECT_EQ(session.subscribe("room"), DUNLIN_OK);
    return session;
  }
  std::string publish(std::string_view text) {
    const auto [success, fail] = table.fanout().publish("room", Message::make(Kind::text, text));
    end_turn();
    return std::to_string(success) + "/" + std::to_string(fail);
  }

  FakeTransport other{flusher}, browser{flusher};
  int encodings = 0;
  bool each = false;
};

TEST_F(FanoutTest, PacketsAreEncodedOnceAndFramesAreNotSeenByThem) {
  join(transport), join(other), join(browser);
  EXPECT_EQ(publish("a"), "3/0");
  EXPECT_EQ(publish("b"), "3/0");
  EXPECT_EQ(encodings, 2);
  EXPECT_EQ(transport.written, "<a><b>");
  EXPECT_EQ(other.written, "<a><b>");
  EXPECT_EQ(browser.written, std::string("\x81\x01" "a" "\x81\x01" "b"));
  EXPECT_EQ(table.fanout().channels(), 1u);  // a name counts once
  EXPECT_EQ(table.fanout().subscriptions(), 3u);
}

TEST_F(FanoutTest, AChannelThatOnlyPacketsAreSubscribedToIsWanted) {
  std::vector<std::string> told;
  table.fanout().on_interest([&](std::string_view name, bool wanted) { told.push_back((wanted ? "+" : "-") + std::string(name)); });
  Session& first = join(transport);
  Session& second = join(browser);
  first.unsubscribe("room");
  EXPECT_EQ(told, std::vector<std::string>{"+room"});
  second.unsubscribe("room");
  EXPECT_EQ(told, (std::vector<std::string>{"+room", "-room"}));
  table.fanout().on_interest({});
}

TEST_F(FanoutTest, NobodyIsAskedWhereNobodyIsSubscribed) {
  join(browser);
  table.open(transport, served, "192.0.2.7:1", nullptr).start();
  EXPECT_EQ(publish("a"), "1/0");
  EXPECT_EQ(encodings, 0);
}

TEST_F(FanoutTest, EachIsAskedForWhereTheFramerWantsTo) {
  each = true;
  join(transport), join(other);
  EXPECT_EQ(publish("a"), "2/0");
  EXPECT_EQ(encodings, 3);
  EXPECT_EQ(transport.written + other.written, "<a><a>");
}

TEST_F(FanoutTest, WhatCannotBeEncodedFailsForThemOnly) {
  for (const bool one_by_one : {false, true}) {
    each = one_by_one;
    FakeTransport a{flusher}, b{flusher};
    a.speaks = Protocol::socket;
    Session& first = join(a);
    Session& second = join(b);
    EXPECT_EQ(publish("bad"), "1/1");
    EXPECT_EQ(a.written, "");
    EXPECT_NE(b.written, "");
    for (Session* session : {&first, &second}) session->on_transport_closed(CloseReason::lost);
    end_turn();
  }
  EXPECT_EQ(counters.get(Counter::drop_encode), 2u);
}

TEST_F(FanoutTest, AFramerMayCloseWhomItEncodesFor) {
  each = true;
  const auto encode = script.encode;
  script.encode = [&](ClientId id, const Message& message) {
    if (id) table.find(id)->close(CloseReason::normal);
    return encode(id, message);
  };
  join(transport), join(other);
  EXPECT_EQ(publish("a"), "0/0");
  EXPECT_EQ(transport.written + other.written, "");
}

TEST_F(FanoutTest, OneConnectionIsDeliveredToInItsOwnBytes) {
  Session& session = join(transport);
  EXPECT_EQ(session.deliver(Message::make(Kind::text, "a")), SendResult::sent);
  EXPECT_EQ(session.deliver(Message::make(Kind::text, "bad")), SendResult::failed);
  EXPECT_EQ(session.send(Kind::text, "\xff as it is"), DUNLIN_OK);
  end_turn();
  EXPECT_EQ(transport.written, "<a>\xff as it is");
}

TEST_F(FanoutTest, ASilentPeerIsNotPingedButEndsAfterTheWholeTime) {
  endpoint.limits.idle = Millis{200};
  join(transport);
  run_until([&] { return transport.finished != 0; });
  EXPECT_EQ(transport.finished, 4002);
  EXPECT_EQ(transport.pings, 0);
}

}  // namespace
}  // namespace dunlin
