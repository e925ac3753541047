// SPDX-License-Identifier: Apache-2.0
// What a node says to JetStream, and makes of what it hears: the moments that a real server shows too rarely. The rest is in
// tests/e2e/test_cluster_durable*.py.
#include "core/mesh/durable_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dunlin {
namespace {

constexpr std::uint64_t kConsumer = 77;
constexpr std::int64_t kAck = 30'000;

struct DurableQueueTest : testing::Test, DurableQueueHost {
  struct Said {
    std::string subject, reply, data;
  };

  DurableQueueTest() {
    tick(1000);
    queue.on_engine(true);
    answer("$JS.API.STREAM.CREATE.dunlin_queue", "{}");
    queue.join(kConsumer, {"t"}, true);
    answer("$JS.API.CONSUMER.DURABLE.CREATE", "{}");
  }

  bool publish(const std::string& subject, const std::string& reply, std::string_view data) override {
    said.push_back({subject, reply, std::string(data)});
    return true;
  }
  std::size_t largest() const override { return 1000; }
  std::size_t nodes() const override { return 3; }
  void take(std::uint64_t, const QueueParcel& parcel, std::uint64_t) override { taken.emplace_back(parcel.data); }

  void tick(std::int64_t ms) { queue.on_tick(now += ms); }

  // How often it was said, and the last time.
  std::size_t count(const std::string& begin, const std::string& data = "") const {
    std::size_t found = 0;
    for (const Said& one : said) found += one.subject.starts_with(begin) && (data.empty() || one.data == data);
    return found;
  }
  const Said& last(const std::string& begin) const {
    for (auto one = said.rbegin(); one != said.rend(); ++one)
      if (one->subject.starts_with(begin)) return *one;
    static const Said none;
    ADD_FAILURE() << "nothing was said to " << begin;
    return none;
  }
  void answer(const std::string& begin, std::string_view data, std::string_view status = "") {
    const std::string to = last(begin).reply;
    queue.received(to, "", status, data);
  }
  static std::string address(std::uint64_t sequence, std::uint64_t time) {
    return "$JS.ACK.dunlin_queue.t.1." + std::to_string(sequence) + ".1." + std::to_string(time) + ".0";
  }
  void push(const std::string& text) {
    queue.push("t", 0, text, [this](DurableQueue::Pushed outcome, std::size_t) { pushed.push_back(outcome); });
  }
  // Whom to ask, and whether there is room.
  void led(const std::string& by = "{}", const std::string& holds = "{}") {
    answer("$JS.API.STREAM.INFO", by);
    answer("$JS.API.STREAM.INFO", holds);
  }
  void led_again() {
    tick(1000);
    answer("$JS.API.STREAM.CREATE", "{}");
  }
  void message(std::uint64_t sequence, std::uint64_t time, const std::string& text) {
    queue.received("dunlin.queue.74", address(sequence, time), "", std::string(16, '\0') + text);
  }

  std::int64_t now = 0;
  std::vector<Said> said;
  std::vector<std::string> taken;
  std::vector<std::size_t> acknowledged;
  std::vector<DurableQueue::Pushed> pushed;
  Log log{-1};
  DurableQueue queue{{.prefix = "dunlin", .boot = 1, .size = 100, .ack_ms = kAck, .deadline_ms = 5000, .replicas = 3}, *this, log};
  DurableQueue::AckDone note = [this](std::size_t number) { acknowledged.push_back(number); };
};

const std::string kNext = "$JS.API.CONSUMER.MSG.NEXT", kAckOf = "$JS.ACK.";

TEST_F(DurableQueueTest, an_acknowledgement_is_repeated_until_it_is_confirmed) {
  message(7, 100, "x");
  queue.done(kConsumer, {7}, note);
  EXPECT_EQ(count(kAckOf, "+ACK"), 1u);
  answer(kAckOf, "", "503");  // nobody leads the consumer now
  EXPECT_TRUE(acknowledged.empty());
  tick(1000);
  EXPECT_EQ(count(kAckOf, "+ACK"), 2u);
  answer(kAckOf, "");
  EXPECT_EQ(acknowledged, std::vector<std::size_t>{1});
  tick(1000);
  EXPECT_EQ(count(kAckOf, "+ACK"), 2u);
}

TEST_F(DurableQueueTest, who_waits_for_a_confirmation_does_not_wait_for_ever) {
  message(7, 100, "x");
  queue.done(kConsumer, {7}, note);
  for (int i = 0; i < 5; ++i) tick(1000);
  EXPECT_EQ(acknowledged, std::vector<std::size_t>{0});
  const std::size_t so_far = count(kAckOf, "+ACK");
  tick(1000);
  EXPECT_EQ(count(kAckOf, "+ACK"), so_far + 1);  // JetStream is told all the same
  tick(kAck);
  const std::size_t all = count(kAckOf, "+ACK");
  tick(1000);
  EXPECT_EQ(count(kAckOf, "+ACK"), all);  // it has gone to another by now
}

TEST_F(DurableQueueTest, without_nats_the_answer_comes_at_once_and_jetstream_is_told_later) {
  message(7, 100, "x");
  queue.on_engine(false);
  queue.done(kConsumer, {7}, note);
  EXPECT_EQ(acknowledged, std::vector<std::size_t>{0});
  EXPECT_EQ(count(kAckOf), 0u);
  queue.on_engine(true);
  tick(50);
  EXPECT_EQ(count(kAckOf, "+ACK"), 1u);
}

TEST_F(DurableQueueTest, what_comes_again_is_not_handed_out_again) {
  message(7, 100, "x");
  message(7, 100, "x");
  EXPECT_EQ(taken, std::vector<std::string>{"x"});
  queue.done(kConsumer, {7}, note);
  message(7, 100, "x");  // the acknowledgement was lost
  EXPECT_EQ(taken, std::vector<std::string>{"x"});
  EXPECT_EQ(count(kAckOf, "+ACK"), 2u);
}

TEST_F(DurableQueueTest, the_same_number_in_a_later_stream_is_another_message) {
  message(7, 100, "x");
  queue.done(kConsumer, {7}, note);
  message(7, 200, "y");
  message(7, 300, "z");
  EXPECT_EQ(taken, (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(acknowledged, std::vector<std::size_t>{0});
}

TEST_F(DurableQueueTest, a_pull_that_jetstream_has_forgotten_is_made_again) {
  ASSERT_EQ(count(kNext), 1u);
  const std::string pull = last(kNext).reply;
  for (int i = 0; i < 4; ++i) {
    tick(1000);
    queue.received(pull, "", "100", "");  // it still has it
  }
  EXPECT_EQ(count(kNext), 1u);
  for (int i = 0; i < 3; ++i) tick(1000);
  EXPECT_EQ(count(kNext), 2u);
}

TEST_F(DurableQueueTest, who_is_slow_gets_no_more_and_may_acknowledge_late) {
  for (const std::uint64_t id : {7u, 8u, 9u, 10u}) message(id, 100, std::to_string(id));
  tick(kAck / 2);
  queue.done(kConsumer, {7}, note);
  answer(kAckOf, "");
  tick(kAck / 2);
  EXPECT_EQ(count(kAckOf, "-NAK"), 3u);
  const std::size_t pulls = count(kNext);
  tick(5000);
  EXPECT_EQ(count(kNext), pulls);  // three still lie before it
  queue.done(kConsumer, {8}, note);
  EXPECT_EQ(last(kAckOf).subject, address(8, 100));
  answer(kAckOf, "");
  EXPECT_EQ(acknowledged, (std::vector<std::size_t>{1, 1}));
  queue.join(kConsumer + 1, {"t"}, true);
  EXPECT_EQ(count(kNext), pulls + 1);
  message(9, 100, "9");
  EXPECT_EQ(taken.size(), 5u);
  queue.done(kConsumer, {9}, note);  // it is the other's now
  queue.done(kConsumer + 1, {9}, note);
  answer(kAckOf, "");
  EXPECT_EQ(acknowledged, (std::vector<std::size_t>{1, 1, 0, 1}));
  queue.done(kConsumer, {10, 11}, note);  // JetStream has it: nobody at this node
  answer(kAckOf, "");
  EXPECT_EQ(acknowledged.back(), 1u);
}

TEST_F(DurableQueueTest, who_falls_silent_gets_messages_again) {
  message(7, 100, "x");
  message(8, 100, "y");
  tick(kAck / 2);
  queue.done(kConsumer, {7}, note);
  tick(kAck / 2);
  const std::size_t pulls = count(kNext);
  tick(kAck / 2);
  EXPECT_EQ(count(kNext), pulls + 1);
  message(8, 100, "y");
  EXPECT_EQ(taken, (std::vector<std::string>{"x", "y", "y"}));
}

using Pushed = DurableQueue::Pushed;
using Outcomes = std::vector<Pushed>;
const std::string kTopic = "dunlin.queue.74", kKept = R"({"stream":"s","seq":5})";

const std::string kInfo = "$JS.API.STREAM.INFO", kNone = "dunlin.queue.none";

std::string holds(std::size_t messages) {
  return R"({"state":{"subjects":{"dunlin.queue.74":)" + std::to_string(messages) + "}}}";
}
std::string led_by(const std::string& server, std::uint64_t last) {
  return R"({"cluster":{"leader":")" + server + R"(","replicas":[{},{}]},"state":{"last_seq":)" + std::to_string(last) + "}}";
}

TEST_F(DurableQueueTest, a_push_that_nobody_takes_is_tried_again) {
  push("x");
  EXPECT_EQ(count(kTopic), 0u);
  led();
  EXPECT_EQ(count(kTopic), 1u);
  answer(kTopic, "", "503");
  push("y");
  EXPECT_EQ(count(kTopic), 1u);  // not even tried
  EXPECT_EQ(pushed, Outcomes{});
  led_again();
  led();
  ASSERT_EQ(count(kTopic), 3u);
  const Said first = said[said.size() - 2], second = said.back();
  EXPECT_EQ(first.data.substr(16), "x");  // in their order, and x needs no room of its own
  EXPECT_EQ(second.data.substr(16), "y");
  queue.received(first.reply, "", "", kKept);
  queue.received(second.reply, "", "", kKept);
  EXPECT_EQ(pushed, (Outcomes{Pushed::yes, Pushed::yes}));
}

TEST_F(DurableQueueTest, a_push_that_is_not_answered_is_tried_again) {
  push("x");
  led();
  for (int i = 0; i < 3; ++i) tick(1000);  // silence
  answer("$JS.API.STREAM.CREATE", "{}");
  answer(kInfo, "{}");
  EXPECT_EQ(count(kTopic), 2u);
  answer(kTopic, "", "503");
  EXPECT_EQ(pushed, Outcomes{});
  for (int i = 0; i < 2; ++i) tick(1000);
  EXPECT_EQ(pushed, Outcomes{Pushed::unavailable});
}

TEST_F(DurableQueueTest, a_leader_that_is_slow_is_not_lost) {
  push("x");
  push("y");
  led();
  const Said x = said[said.size() - 2], y = said.back();
  tick(2000);
  queue.received(x.reply, "", "", kKept);
  push("z");
  answer(kInfo, "{}");
  tick(2000);
  EXPECT_EQ(count("$JS.API.STREAM.CREATE"), 1u);
  EXPECT_EQ(count(kTopic), 3u);  // not for all that: what it was told at first may be before it yet
  queue.received(y.reply, "", "", kKept);
  EXPECT_EQ(pushed, (Outcomes{Pushed::yes, Pushed::yes}));
}

TEST_F(DurableQueueTest, a_push_is_tried_again_when_what_was_sent_after_it_is_kept) {
  push("x");
  led();
  tick(1000);
  push("y");
  answer(kInfo, "{}");
  tick(1000);
  answer(kTopic, kKept);
  tick(1000);
  ASSERT_EQ(count(kTopic), 3u);
  EXPECT_EQ(last(kTopic).data.substr(16), "x");
  EXPECT_EQ(count("$JS.API.STREAM.CREATE"), 1u);
  answer(kTopic, kKept);
  EXPECT_EQ(pushed, (Outcomes{Pushed::yes, Pushed::yes}));
}

TEST_F(DurableQueueTest, a_lead_in_is_not_begun_anew_because_of_a_slow_leader) {
  push("x");
  answer(kInfo, led_by("b", 40));
  tick(2000);
  answer(kNone, R"({"stream":"s","seq":41})");
  tick(1000);
  EXPECT_EQ(count(kNone), 2 * LeadIn::kUnderWay);  // one for each that has not been answered in time, the last one excepted
  answer(kNone, R"({"stream":"s","seq":9999})");
  answer(kInfo, led_by("b", 9999));
  EXPECT_EQ(count(kTopic), 1u);
}

TEST_F(DurableQueueTest, what_was_under_way_is_sent_to_a_new_leader_at_once) {
  push("x");
  answer(kInfo, led_by("b", 40));
  answer(kNone, R"({"stream":"s","seq":9999})");
  answer(kInfo, led_by("b", 9999));
  ASSERT_EQ(count(kTopic), 1u);
  push("y");
  answer(kInfo, led_by("c", 10'000));
  answer(kNone, R"({"stream":"s","seq":19999})");
  EXPECT_EQ(count(kTopic), 2u);
  EXPECT_EQ(last(kTopic).data.substr(16), "x");
}

TEST_F(DurableQueueTest, a_push_waits_no_longer_than_the_deadline) {
  push("x");
  led();
  for (int i = 0; i < 5; ++i) tick(1000);
  EXPECT_EQ(pushed, Outcomes{Pushed::timeout});
  for (int i = 0; i < 5; ++i) tick(1000);
  push("y");  // there has been nobody for so long
  EXPECT_EQ(pushed, (Outcomes{Pushed::timeout, Pushed::unavailable}));
}

TEST_F(DurableQueueTest, a_push_outlives_the_loss_of_nats) {
  push("x");
  led();
  queue.on_engine(false);
  push("y");
  tick(1000);
  EXPECT_EQ(pushed, Outcomes{});
  queue.on_engine(true);
  answer("$JS.API.STREAM.CREATE", "{}");
  led();
  EXPECT_EQ(count(kTopic), 3u);
  EXPECT_EQ(last(kTopic).data.substr(16), "y");
  tick(1500);  // what was asked by the connection that is no more is not answered: nothing is made of it
  EXPECT_EQ(count("$JS.API.STREAM.CREATE"), 2u);
}

TEST_F(DurableQueueTest, what_cannot_be_kept_is_refused_at_once) {
  push("x");
  led();
  answer(kTopic, R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}})");
  push("y");
  answer(kInfo, "{}");
  answer(kTopic, R"({"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}})");
  push("z");
  answer(kInfo, "{}");
  answer(kTopic, R"({"error":{"code":400,"err_code":10060,"description":"expected stream does not match"}})");
  push(std::string(1000, 'x'));
  push("a");
  answer(kInfo, holds(100));
  EXPECT_EQ(pushed, (Outcomes{Pushed::full, Pushed::too_large, Pushed::unavailable, Pushed::too_large, Pushed::full}));
}

TEST_F(DurableQueueTest, pushes_that_wait_together_ask_once_and_are_no_more_than_the_topic_may_hold) {
  for (int i = 0; i < 5; ++i) push("x");
  led("{}", holds(97));
  ASSERT_EQ(count(kTopic), 3u);
  EXPECT_EQ(count(kInfo), 2u);  // the other two are told when what is under way has come to something
  answer(kTopic, kKept);
  EXPECT_EQ(count(kInfo), 3u);
  answer(kInfo, holds(99));  // a consumer has taken one, or the others are still to come
  EXPECT_EQ(count(kTopic), 3u);
  EXPECT_EQ(pushed, Outcomes{Pushed::yes});
  std::vector<std::string> replies;
  for (const Said& one : said)
    if (one.subject == kTopic) replies.push_back(one.reply);
  queue.received(replies[0], "", "", kKept);
  queue.received(replies[1], "", "", kKept);
  answer(kInfo, holds(99));  // one of these was answered after it was asked: with it, or without?
  answer(kInfo, holds(99));
  ASSERT_EQ(count(kTopic), 4u);
  answer(kTopic, kKept);
  answer(kInfo, holds(100));
  EXPECT_EQ(pushed, (Outcomes{Pushed::yes, Pushed::yes, Pushed::yes, Pushed::yes, Pushed::full}));
}

TEST_F(DurableQueueTest, what_a_new_leader_keeps_first_is_of_no_meaning) {
  push("x");
  answer(kInfo, led_by("b", 40));
  EXPECT_EQ(count(kNone), LeadIn::kUnderWay);
  answer(kNone, R"({"stream":"s","seq":41})");
  EXPECT_EQ(last("$JS.API.STREAM.MSG.DELETE").data, R"({"seq":41,"no_erase":true})");
  EXPECT_EQ(count(kNone), LeadIn::kUnderWay + 1);
  EXPECT_EQ(count(kInfo) + count(kTopic), 1u);
  answer(kNone, R"({"stream":"s","seq":9999})");
  EXPECT_EQ(count(kNone), LeadIn::kUnderWay + 1);
  answer(kInfo, led_by("b", 9999));
  EXPECT_EQ(count(kTopic), 1u);
  answer(kTopic, kKept);
  // The next push hears that there is another leader, though nothing was lost.
  push("y");
  answer(kInfo, led_by("c", 10'000));
  EXPECT_EQ(count(kTopic), 1u);
  answer(kNone, "", "503");
  led_again();
  answer(kInfo, led_by("c", 10'000));
  EXPECT_EQ(count(kNone), 3 * LeadIn::kUnderWay + 1);
  answer(kNone, R"({"error":{"code":500,"err_code":10047}})");  // there is no room: then the push is told so, too
  answer(kInfo, led_by("c", 10'000));
  answer(kTopic, R"({"error":{"code":500,"err_code":10047}})");
  EXPECT_EQ(pushed, (Outcomes{Pushed::yes, Pushed::full}));
}

TEST_F(DurableQueueTest, what_an_earlier_lead_in_left_is_cleared_away) {
  const std::string get = "$JS.API.STREAM.MSG.GET", remove = "$JS.API.STREAM.MSG.DELETE";
  push("x");
  answer(kInfo, led_by("b", 40));
  answer(kNone, R"({"stream":"s","seq":9999})");
  answer(get, R"({"message":{"subject":"dunlin.queue.none","seq":9})");
  EXPECT_EQ(count(get), 1u);  // that is no answer of its
  push("y");
  answer(kInfo, led_by("c", 9999));
  answer(kNone, R"({"stream":"s","seq":19999})");
  answer(get, R"({"message":{"subject":"dunlin.queue.none","seq":9}})");
  answer(remove, R"({"success":true})");
  EXPECT_EQ(count(get), 3u);
  EXPECT_EQ(last(get).data, R"({"seq":10,"next_by_subj":"dunlin.queue.none"})");
  answer(get, R"({"error":{"code":404,"err_code":10037}})");
  EXPECT_EQ(count(get), 3u);
}

struct DurableAuditTest : DurableQueueTest {
  // The stream's oldest message of the topic, and up to which one its consumer is done.
  void audit(std::uint64_t oldest, std::uint64_t done_with, const std::string& replicas = R"({"current":true},{"current":true})") {
    tick(kAudit);
    look(oldest, done_with, replicas);
  }
  void look(std::uint64_t oldest, std::uint64_t done_with, const std::string& replicas = "") {
    found(oldest);
    if (oldest == 0) return;
    answer(kConsumerInfo, R"({"ack_floor":{"stream_seq":)" + std::to_string(done_with) + R"(},"delivered":{"stream_seq":50,"consumer_seq":)" +
                              std::to_string(handed_out) + R"(},"num_waiting":)" + std::to_string(waiting) +
                              R"(,"num_pending":)" + std::to_string(to_come) + R"(,"cluster":{"replicas":[)" +
                              replicas + "]}}");
    handed_out += more;
  }
  void found(std::uint64_t sequence) {
    answer(kGet, sequence == 0 ? R"({"error":{"code":404,"err_code":10037}})"
                               : R"({"message":{"seq":)" + std::to_string(sequence) + R"(,"data":"MDEyMzQ1Njc4OWFiY2RlZng="}})");
  }
  double figure(const std::string& name) const {
    std::vector<Sample> samples;
    queue.collect(samples);
    for (const Sample& one : samples)
      if (one.name == name) return one.value;
    return -1;
  }
  double stranded() const {
    std::vector<Sample> samples;
    queue.collect(samples);
    for (const Sample& one : samples)
      if (one.labels == std::vector<std::pair<std::string, std::string>>{{"reason", "stranded"}}) return one.value;
    return -1;
  }

  int handed_out = 30, more = 1, waiting = 2, to_come = 0;
  static constexpr std::int64_t kAudit = 2 * kAck + 1;
  const std::string kGet = "$JS.API.STREAM.MSG.GET", kConsumerInfo = "$JS.API.CONSUMER.INFO", kDelete = "$JS.API.STREAM.MSG.DELETE";
};

TEST_F(DurableAuditTest, what_the_consumer_has_been_done_with_twice_is_pushed_again) {
  audit(7, 20);
  EXPECT_EQ(count(kTopic) + count(kInfo), 0u);  // it may be on its way
  audit(7, 9);
  EXPECT_EQ(last(kGet).data, R"({"seq":0,"next_by_subj":"dunlin.queue.74"})");
  answer(kInfo, "{}");
  ASSERT_EQ(count(kTopic), 1u);  // without asking for room
  EXPECT_EQ(last(kTopic).data, "0123456789abcdefx");
  EXPECT_EQ(count(kDelete), 0u);
  answer(kTopic, kKept);
  EXPECT_EQ(last(kDelete).data, R"({"seq":7,"no_erase":true})");
  answer(kDelete, R"({"success":true})");
  EXPECT_EQ(last(kGet).data, R"({"seq":8,"next_by_subj":"dunlin.queue.74"})");
  found(9);
  answer(kTopic, kKept);
  answer(kDelete, R"({"success":true})");
  found(10);  // that is more than it is done with now
  EXPECT_EQ(count(kTopic), 2u);
  EXPECT_EQ(stranded(), 2.0);
  push("y");  // the gate of the topic has kept count
  answer(kInfo, holds(99));
  EXPECT_EQ(count(kTopic), 3u);
}

TEST_F(DurableAuditTest, what_a_consumer_without_anything_to_do_has_passed_is_pushed_again) {
  more = 0;
  waiting = 0;  // it may have been given to somebody who has all that he can do
  audit(7, 6);
  audit(7, 6);
  waiting = 1;
  audit(7, 6);
  EXPECT_EQ(count(kTopic) + count(kInfo), 0u);
  audit(7, 6);
  answer(kInfo, "{}");
  EXPECT_EQ(count(kTopic), 1u);
  answer(kTopic, kKept);
  answer(kDelete, R"({"success":true})");
  found(51);  // it has not come to that
  EXPECT_EQ(count(kTopic), 1u);
}

// It tries to hand out again what is there no more.
TEST_F(DurableAuditTest, a_consumer_that_does_not_hand_out_what_there_is_is_made_anew) {
  const std::string remove = "$JS.API.CONSUMER.DELETE", create = "$JS.API.CONSUMER.DURABLE.CREATE";
  to_come = 5;
  audit(7, 6);
  audit(7, 6);  // it has handed out some
  more = 0;
  waiting = 0;  // nobody asks
  audit(7, 6);
  audit(7, 6);
  waiting = 1;
  audit(7, 6);
  ASSERT_EQ(count(remove), 0u);
  const std::size_t made = count(create);
  audit(7, 6);
  ASSERT_EQ(count(remove), 1u);
  answer(remove, "", "503");  // not now
  EXPECT_EQ(count(create), made);
  audit(7, 6);
  audit(7, 6);
  ASSERT_EQ(count(remove), 2u);
  answer(remove, R"({"success":true})");
  ASSERT_EQ(count(create), made + 1);
  const std::size_t asked = count(kNext);
  answer(create, "{}");
  EXPECT_EQ(count(kNext), asked + 1);
  EXPECT_EQ(count(kTopic), 0u);
  EXPECT_EQ(figure("dunlin_queue_stuck_total"), 1.0);
}

TEST_F(DurableAuditTest, what_may_be_handed_out_yet_is_not_pushed_again) {
  const auto nothing_is_pushed = [&] { return count(kTopic) + count(kInfo) == 0; };
  audit(7, 6);
  audit(7, 20);  // for the first time
  EXPECT_TRUE(nothing_is_pushed());
  audit(7, 6);  // another leads the consumer, and knows better
  audit(7, 20);
  audit(7, 20, R"({"current":true},{"current":false})");  // the stream's leader may not have heard of it
  audit(7, 20);
  audit(0, 0);
  audit(7, 20);
  audit(21, 20);
  tick(kAudit);
  answer(kGet, "", "503");
  audit(7, 20);
  tick(kAudit);
  found(7);
  answer(kConsumerInfo, "", "503");
  EXPECT_TRUE(nothing_is_pushed());
  audit(7, 20);
  EXPECT_TRUE(nothing_is_pushed());
}

TEST_F(DurableAuditTest, what_lies_before_a_consumer_here_is_not_pushed_again) {
  audit(7, 20);
  tick(kAudit - 1000);
  message(7, 100, "x");
  tick(1000);
  look(7, 20);
  EXPECT_EQ(last(kGet).data, R"({"seq":8,"next_by_subj":"dunlin.queue.74"})");
  found(0);
  EXPECT_EQ(count(kTopic) + count(kInfo), 0u);
}

TEST_F(DurableAuditTest, what_cannot_be_pushed_again_stays) {
  audit(7, 20);
  audit(7, 20);
  answer(kInfo, "{}");
  answer(kTopic, R"({"error":{"code":500,"err_code":10047}})");
  EXPECT_EQ(count(kDelete), 0u);
  audit(7, 20);
  for (int i = 0; i < 5; ++i) tick(1000);
  EXPECT_EQ(count(kDelete), 0u);
  led_again();
  audit(7, 20);
  led();
  answer(kTopic, kKept);
  EXPECT_EQ(count(kDelete), 1u);
  EXPECT_EQ(stranded(), 1.0);
}

TEST_F(DurableQueueTest, without_a_leader_of_jetstream_the_leaders_of_stream_and_consumer_are_enough) {
  const std::string info = "$JS.API.STREAM.INFO", consumer = "$JS.API.CONSUMER.INFO";
  EXPECT_EQ(count(info) + count(consumer), 0u);  // at first they are made, with the settings that they should have
  push("x");
  led();
  answer(kTopic, "", "503");
  const std::size_t before = count(info);
  tick(1000);
  answer(info, R"({"error":{"code":404,"err_code":10059}})");
  EXPECT_EQ(count(kTopic), 1u);
  tick(1000);
  EXPECT_EQ(count(info), before + 2);
  answer(info, "{}");
  answer(info, "{}");
  EXPECT_EQ(count(kTopic), 2u);
  queue.on_engine(false);
  queue.on_engine(true);
  answer(info, "{}");
  const std::size_t pulls = count(kNext);
  answer(consumer, R"({"error":{"code":404,"err_code":10014}})");
  EXPECT_EQ(count(kNext), pulls);
  tick(1000);
  answer(consumer, "{}");
  EXPECT_EQ(count(kNext), pulls + 1);
}

TEST_F(DurableQueueTest, as_many_copies_as_there_are_servers_for) {
  DurableQueue free{{.prefix = "free", .boot = 1, .size = 100, .ack_ms = kAck, .deadline_ms = 5000, .replicas = 0}, *this, log};
  const std::string create = "$JS.API.STREAM.CREATE.free_queue";
  const auto said_last = [&](const std::string& begin, int copies, std::string_view back) {
    EXPECT_NE(last(begin).data.find("\"num_replicas\":" + std::to_string(copies)), std::string::npos) << begin;
    const std::string to = last(begin).reply;
    free.received(to, "", "", back);
  };
  const std::string too_few = R"({"error":{"code":500,"err_code":10074}})", other = R"({"error":{"code":400,"err_code":10058}})";
  free.on_tick(now);
  free.on_engine(true);
  said_last(create, 3, too_few);
  said_last(create, 1, "{}");
  const std::size_t so_far = count(create);
  free.on_tick(now + 5000);
  EXPECT_EQ(count(create), so_far);
  free.on_tick(now + 11'000);
  said_last(create, 3, too_few);
  EXPECT_EQ(count(create), so_far + 1);  // what there is stays
  free.on_tick(now + 22'000);
  said_last(create, 3, other);
  said_last("$JS.API.STREAM.UPDATE.free_queue", 3, "{}");
  free.on_tick(now + 33'000);
  EXPECT_EQ(count(create), so_far + 2);
}

TEST(Jetstream, a_message_is_known_by_the_address_for_its_acknowledgement) {
  const jetstream::Origin plain = jetstream::origin_of("$JS.ACK.stream.consumer.1.22.3.444.5");
  EXPECT_EQ(std::pair(plain.sequence, plain.time), std::pair(std::uint64_t{22}, std::uint64_t{444}));
  const jetstream::Origin domain = jetstream::origin_of("$JS.ACK.hub.account.stream.consumer.1.22.3.444.5.random");
  EXPECT_EQ(std::pair(domain.sequence, domain.time), std::pair(std::uint64_t{22}, std::uint64_t{444}));
  EXPECT_EQ(jetstream::origin_of("$JS.ACK.1").sequence, 0u);
  EXPECT_EQ(jetstream::origin_of("").sequence, 0u);
}

TEST(Jetstream, what_became_of_a_message) {
  using jetstream::Kept;
  EXPECT_EQ(jetstream::kept("", R"({"stream":"s","seq":1})"), Kept::yes);
  EXPECT_EQ(jetstream::kept("503", ""), Kept::not_now);
  EXPECT_EQ(jetstream::kept("", R"({"error":{"code":503,"err_code":10008}})"), Kept::not_now);
  EXPECT_EQ(jetstream::kept("", R"({"error":{"code":503,"err_code":10077,"description":"store is closed"}})"), Kept::not_now);
  EXPECT_EQ(jetstream::kept("", R"({"error":{"code":500,"err_code":10047}})"), Kept::full);
  for (const char* text : {"", "x", "[]", R"({"error":1})", R"({"error":{}})"}) EXPECT_EQ(jetstream::kept("", text), Kept::no) << text;
}

TEST(Jetstream, what_is_no_answer_of_its_is_an_error) {
  EXPECT_EQ(jetstream::error_in("", R"({"stream":"s","seq":1})"), 0);
  EXPECT_EQ(jetstream::error_in("", R"({"error":{"code":400,"err_code":10077}})"), 10077);
  for (const char* text : {"", "x", "[]", "1", R"({"error":1})", R"({"error":{}})", R"({"error":{"err_code":"x"}})"})
    EXPECT_EQ(jetstream::error_in("", text), -1) << text;
  EXPECT_EQ(jetstream::error_in("503", "{}"), -1);
}

}  // namespace
}  // namespace dunlin
