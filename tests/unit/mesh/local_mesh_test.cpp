// SPDX-License-Identifier: Apache-2.0
// A publish troubles the workers that have a subscriber and no others, and is answered once with what all of them report.
// The workers of a test share one thread: a mail is there when the loop has turned.
#include "core/mesh/local_mesh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/loop/loop.h"

namespace dunlin {
namespace {

constexpr Millis kPatience{600'000};

// A worker that notes what reaches it and answers with a tally of one for each.
struct FakeWorker final : Deliverer {
  FakeWorker(Loop& loop) : mailbox(loop) {}
  Tally deliver(std::string_view channel, const MessageRef& message) override {
    got.push_back(std::string(channel) + "=" + std::string(message->payload()));
    return {1, 0};
  }
  SendStatus deliver_to(ClientId, const MessageRef&) override { return SendStatus::no_such_connection; }

  Mailbox mailbox;
  std::unique_ptr<LocalMesh> mesh;
  std::vector<std::string> got;
};

struct LocalMeshTest : testing::Test {
  // The last of them hears nothing where it is `stuck`.
  void start(unsigned workers, Millis deadline = kPatience, bool stuck = false) {
    interest = std::make_unique<WorkerInterest>(workers, 16);
    for (unsigned i = 0; i < workers; ++i) {
      all.push_back(std::make_unique<FakeWorker>(stuck && i + 1 == workers ? other_loop : loop));
      all[i]->mesh = std::make_unique<LocalMesh>(1, i, neighbours, *interest, wheel, deadline, counters);
    }
    for (const auto& worker : all) neighbours.push_back({&worker->mailbox, worker.get(), worker->mesh.get()});
  }
  ~LocalMeshTest() override {
    for (const auto& worker : all) worker->mailbox.close();
    wheel.close();
    loop.run();
    other_loop.run();
  }

  void subscribe(unsigned worker, const std::string& channel) { all[worker]->mesh->interest(channel, true); }
  void leave(unsigned worker, const std::string& channel) { all[worker]->mesh->interest(channel, false); }
  void publish(unsigned worker, const std::string& channel) {
    all[worker]->mesh->publish(channel, Message::make(Kind::text, "x"), [this](Tally tally) { tallies.push_back(tally); });
  }
  // Until nobody has anything to say any more.
  void settle() {
    for (int i = 0; i < 4; ++i) {
      for (const auto& worker : all) worker->mesh->end_turn();
      loop.poll();
    }
  }
  std::uint64_t mails(unsigned worker) const { return all[worker]->mailbox.mails(); }

  Loop loop, other_loop;
  TimerWheel wheel{loop};
  Counters counters;
  std::unique_ptr<WorkerInterest> interest;
  std::vector<LocalMesh::Neighbour> neighbours;
  std::vector<std::unique_ptr<FakeWorker>> all;
  std::vector<Tally> tallies;
};

TEST_F(LocalMeshTest, who_has_no_subscriber_is_not_troubled) {
  start(3);
  publish(0, "a");
  EXPECT_EQ(tallies, (std::vector<Tally>{{1, 0}}));  // at once
  subscribe(2, "a");
  publish(0, "a");
  EXPECT_EQ(tallies.size(), 1u);
  settle();
  EXPECT_EQ(tallies, (std::vector<Tally>{{1, 0}, {2, 0}}));
  EXPECT_EQ(mails(1), 0u);
  EXPECT_EQ(all[2]->got, std::vector<std::string>{"a=x"});
  leave(2, "a");
  publish(0, "a");
  EXPECT_EQ(tallies.size(), 3u);
}

TEST_F(LocalMeshTest, a_turns_publishes_are_one_mail_there_and_one_back) {
  start(3);
  subscribe(1, "a"), subscribe(2, "a"), subscribe(2, "b");
  for (int i = 0; i < 10; ++i) publish(0, i % 2 ? "a" : "b");
  settle();
  std::vector<Tally> expected(5, Tally{2, 0});  // those that wait for one are answered with the first report that is whole
  expected.insert(expected.end(), 5, Tally{3, 0});
  EXPECT_EQ(tallies.size(), 10u);
  EXPECT_TRUE(std::is_permutation(tallies.begin(), tallies.end(), expected.begin()));
  EXPECT_EQ(mails(1), 1u);
  EXPECT_EQ(mails(2), 1u);
  EXPECT_EQ(mails(0), 2u);
  EXPECT_EQ(all[1]->got.size(), 5u);
  EXPECT_EQ(all[2]->got.size(), 10u);
}

TEST_F(LocalMeshTest, what_nobody_asks_about_is_not_reported) {
  start(2);
  subscribe(1, "a");
  all[0]->mesh->publish("a", Message::make(Kind::text, "x"), {});
  settle();
  EXPECT_EQ(all[1]->got.size(), 1u);
  EXPECT_EQ(mails(0), 0u);
}

TEST_F(LocalMeshTest, who_takes_no_mail_any_more_counts_as_failed) {
  start(3);
  subscribe(1, "a"), subscribe(2, "a");
  all[1]->mailbox.close();
  publish(0, "a");
  settle();
  EXPECT_EQ(tallies, (std::vector<Tally>{{2, 1}}));
}

TEST_F(LocalMeshTest, who_is_late_counts_as_failed_and_holds_up_no_other) {
  start(3, Millis{10}, true);
  subscribe(1, "a"), subscribe(1, "b"), subscribe(2, "b");
  publish(0, "a"), publish(0, "b");
  all[0]->mesh->end_turn();
  while (tallies.size() < 2) loop.poll();
  EXPECT_EQ(tallies, (std::vector<Tally>{{2, 0}, {2, 1}}));
  EXPECT_EQ(counters.get(Counter::drop_timeout), 1u);
}

TEST_F(LocalMeshTest, an_answer_may_lead_to_the_next_publish) {
  start(2);
  subscribe(1, "a");
  all[0]->mesh->publish("a", Message::make(Kind::text, "x"), [this](Tally) { publish(0, "a"); });
  settle();
  settle();
  EXPECT_EQ(all[1]->got.size(), 2u);
  EXPECT_EQ(tallies, (std::vector<Tally>{{2, 0}}));
}

// Channels whose hashes share a slot: one that leaves does not take the other's interest along.
TEST(WorkerInterest, a_slot_is_shared_and_a_no_is_exact) {
  WorkerInterest interest(2, 1);
  interest.add(1, 7);
  interest.add(1, 8);
  interest.remove(1, 7);
  EXPECT_EQ(interest.others(0, 8), WorkerInterest::bit_of(1));
  EXPECT_EQ(interest.others(1, 8), 0u);
  interest.remove(1, 8);
  EXPECT_EQ(interest.others(0, 8), 0u);
}

TEST(WorkerInterest, the_workers_beyond_the_bits_are_always_told) {
  WorkerInterest interest(66, 4);
  interest.add(3, 1);
  const auto to = interest.others(0, 1);
  EXPECT_EQ(to, WorkerInterest::bit_of(3) | WorkerInterest::bit_of(64));
  EXPECT_EQ(interest.count_others(to, 0), 4u);
  const auto from_the_last = interest.others(65, 1);
  EXPECT_EQ(interest.count_others(from_the_last, 65), 3u);
}

TEST(WorkerInterest, a_lonely_worker_has_no_others) {
  WorkerInterest interest(1);
  interest.add(0, 1);
  EXPECT_EQ(interest.others(0, 1), 0u);
  EXPECT_EQ(interest.of(1), WorkerInterest::bit_of(0));
  interest.remove(0, 1);
}

}  // namespace
}  // namespace dunlin
