// SPDX-License-Identifier: Apache-2.0
// How sessions go over to what a reload put in force.
#include "scene.h"

namespace dunlin {
namespace {

using Seen = std::vector<std::string>;

class Moving : public Scene {
 protected:
  Moving() {
    generation.config.listeners.emplace_back().endpoints.emplace_back().limits.outbox = 77;
    generation.modules.endpoints = {{ModuleSet::EndpointModules{}}};
  }
  ~Moving() override {  // the sessions end before what they are served by
    table.drain(table.size());
    end_turn();
  }
  void supersede() {
    next = std::make_unique<Served>(generation);
    served.superseded = true;
    table.serve(*next);
    script.seen.clear();
  }
  void sweep() { table.move_on(table.slots()); }

  Generation generation;
  std::unique_ptr<Served> next;
};

TEST_F(Moving, a_session_that_waits_for_nothing_is_handed_over) {
  Session& session = connect();
  supersede();
  sweep();
  EXPECT_EQ(script.seen, Seen{"hand over"});
  EXPECT_EQ(&session.served(), &next->at(0, 0));
  EXPECT_EQ(served.sessions, 0u);
  EXPECT_EQ(next->sessions(), 1u);
  sweep();
  EXPECT_EQ(script.seen, Seen{"hand over"});
}

TEST_F(Moving, the_next_message_is_the_new_ones_also_before_the_sweep) {
  Session& session = connect();
  supersede();
  session.on_message(Kind::text, "x");
  EXPECT_EQ(script.seen, (Seen{"hand over", "message x"}));
}

TEST_F(Moving, a_message_that_is_handled_keeps_the_session_where_it_is) {
  Session& session = connect();
  script.message = std::nullopt;
  session.on_message(Kind::text, "1");
  session.on_message(Kind::text, "2");
  supersede();
  sweep();
  EXPECT_EQ(script.seen, Seen{});
  EXPECT_EQ(served.sessions, 1u);
  script.message = RouterOutcome::proceed;
  session.router_answered(RouterOutcome::proceed);
  EXPECT_EQ(script.seen, (Seen{"hand over", "message 2"}));
}

TEST_F(Moving, what_is_pending_in_the_runtime_keeps_it_too) {
  connect();
  supersede();
  script.pending = true;
  sweep();
  EXPECT_EQ(served.sessions, 1u);
  script.pending = false;
  sweep();
  EXPECT_EQ(served.sessions, 0u);
}

TEST_F(Moving, at_the_deadline_a_message_is_dropped_and_counted_and_the_connection_lives) {
  Session& session = connect();
  script.message = std::nullopt;
  session.on_message(Kind::text, "1");
  session.on_message(Kind::text, "2");
  supersede();
  served.overdue = true;
  script.message = RouterOutcome::proceed;
  sweep();
  EXPECT_EQ(script.seen, (Seen{"cancel", "hand over", "message 2"}));
  EXPECT_EQ(counters.get(Counter::drop_swapped), 1u);
  EXPECT_EQ(session.step(), Step::ready);
  EXPECT_FALSE(transport.paused);
}

TEST_F(Moving, at_the_deadline_an_opening_is_asked_anew_and_not_let_through) {
  script.open = std::nullopt;
  Session& session = connect();
  supersede();
  served.overdue = true;
  script.open = RouterOutcome::deny;
  sweep();
  EXPECT_EQ(script.seen, (Seen{"cancel", "release", "open"}));
  EXPECT_EQ(session.step(), Step::closing);
}

TEST_F(Moving, a_session_that_is_closing_stays_with_who_knows_it) {
  connect().on_transport_closed(CloseReason::by_peer, 1000);
  supersede();
  sweep();
  end_turn();
  EXPECT_EQ(script.seen, (Seen{"cancel", "close 1000"}));
  EXPECT_EQ(served.sessions, 0u);
}

}  // namespace
}  // namespace dunlin
