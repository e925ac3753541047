// SPDX-License-Identifier: Apache-2.0
// Pushes on their way to JetStream. Each waits until a server is known to lead the stream and its lead-in is over
// (lead_in.h), until its topic is known to have room (topic_gate.h), and for its turn among those under way. What JetStream
// does not take then, since no server leads the stream any more, or NATS is being changed for another server, is tried again.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/mesh/durable_queue.h"

namespace dunlin {
namespace {

constexpr std::int64_t kTryFor = 2500;                  // a leader that keeps nothing for so long is lost
constexpr std::size_t kUnderWay = 128;                  // to JetStream at once: what a leader that dies may leave behind
constexpr std::size_t kMostPushing = 64 * 1024 * 1024;  // bytes that wait for JetStream
constexpr std::size_t kHeader = 128;                    // bytes of a message besides its body, at most

}  // namespace

void DurableQueue::push(std::string_view topic, std::uint64_t client, std::string_view data, PushDone done) {
  Push push{.subject = subject_of(topic), .body = {}, .due = now_ + settings_.deadline_ms, .done = std::move(done)};
  wire::put(push.body, client);
  wire::put(push.body, settings_.boot);
  push.body.append(data);
  const std::uint64_t number = next_++;
  const bool too_large = push.body.size() + kHeader > host_.largest();
  const std::string subject = push.subject;
  pushing_ += push.body.size();
  pushes_.emplace(number, std::move(push));
  if (too_large) return pushed(number, Pushed::too_large);
  // What has been gone for as long as a push waits is not waited for.
  const bool gone = !ready_ && now_ - lost_at_ >= settings_.deadline_ms;
  if (gone || pushing_ > kMostPushing) return pushed(number, Pushed::unavailable);
  gates_.try_emplace(subject, settings_.size).first->second.came(number);
  if (!lead_in_.known()) return find_leader();
  ask_room(subject);
}

// In the place of one that the topic holds already.
void DurableQueue::push_again(const std::string& subject, std::string body, PushDone done) {
  const std::uint64_t number = next_++;
  pushing_ += body.size();
  gates_.try_emplace(subject, settings_.size).first->second.replaced();
  pushes_.emplace(number, Push{.subject = subject, .body = std::move(body), .due = now_ + settings_.deadline_ms, .done = std::move(done),
                               .stage = Push::Stage::due, .again = true});
  due_.insert(number);
  if (!lead_in_.known()) return find_leader();
  send_due();
}

// A request to the leader that is known, or to be known. What is answered after it was lost is not heard.
bool DurableQueue::ask_leader(const std::string& subject, std::string_view data, Answered done) {
  const auto heard = [this, asked = led_, done = std::move(done)](std::string_view status, std::string_view answer) {
    if (asked == led_) done(status, answer);
  };
  if (request(subject, data, kTryFor, heard)) return true;
  set_ready(false);
  return false;
}

// One that keeps something else meanwhile is only slow: another lead-in would make it slower.
bool DurableQueue::silent() const { return now_ - heard_ >= kTryFor; }

void DurableQueue::find_leader() {
  if (!ready_ || pushes_.empty() || std::exchange(finding_, true)) return;
  ask_leader("$JS.API.STREAM.INFO." + stream_, "", [this](std::string_view status, std::string_view data) {
    finding_ = false;
    if (led(jetstream::held(status, data, {}))) go_on();
  });
}

// True: its lead-in is over.
bool DurableQueue::led(const std::optional<jetstream::Held>& stream) {
  if (!stream) {
    set_ready(false);
    return false;
  }
  if (lead_in_.led(stream->leader, stream->last, stream->copies, 2 * kUnderWay * (host_.nodes() + 1))) ask_again();
  lead_in();
  return lead_in_.over();
}

void DurableQueue::lead_in() {
  for (std::size_t more = lead_in_.more(); more > 0; --more) {
    const bool asked = ask_leader(no_topic_, "", [this, round = lead_in_.round()](std::string_view status, std::string_view text) {
      if (status == kNotInTime && !silent()) {
        lead_in_.unanswered(round);
        return lead_in();
      }
      const jetstream::Kept kept = jetstream::kept(status, text);
      if (kept == jetstream::Kept::not_now) return set_ready(false);
      heard_ = now_;
      const std::uint64_t sequence = jetstream::sequence_in(text);
      if (kept == jetstream::Kept::yes) forget(sequence);
      else complain("JetStream did not take a message", status, text);
      if (kept == jetstream::Kept::yes ? !lead_in_.kept(round, sequence) : !lead_in_.refused(round)) return lead_in();
      tidy(0);
      go_on();
    });
    if (!asked) return;
  }
}

// What has led in need not stay.
void DurableQueue::forget(std::uint64_t sequence) {
  host_.publish("$JS.API.STREAM.MSG.DELETE." + stream_, "", jetstream::deletion_of(sequence));
}

// Nor what of an earlier one was left, whose answer was lost. From the first: 2.9.10 does not find the last of a subject when
// one that was last has been deleted.
void DurableQueue::tidy(std::uint64_t from) {
  ask_leader("$JS.API.STREAM.MSG.GET." + stream_, jetstream::next_of(no_topic_, from),
             [this](std::string_view status, std::string_view data) {
               const std::uint64_t sequence = jetstream::found(status, data).sequence;
               if (sequence == 0) return;
               ask_leader("$JS.API.STREAM.MSG.DELETE." + stream_, jetstream::deletion_of(sequence),
                          [this, sequence](std::string_view, std::string_view) { tidy(sequence + 1); });
             });
}

// In their order, and no more than may be.
void DurableQueue::go_on() {
  for (auto& [subject, gate] : gates_) ask_room(subject);
  send_due();
}

void DurableQueue::ask_room(const std::string& subject) {
  const auto found = gates_.find(subject);
  if (!ready_ || !lead_in_.over() || found == gates_.end() || !found->second.asks()) return;
  found->second.asked();
  ask_leader("$JS.API.STREAM.INFO." + stream_, fmt::format(R"({{"subjects_filter":"{}"}})", subject),
             [this, subject](std::string_view status, std::string_view data) {
               if (status != kNotInTime || silent()) return judge(subject, jetstream::held(status, data, subject));
               if (const auto gate = gates_.find(subject); gate != gates_.end()) gate->second.unanswered();
               ask_room(subject);
             });
}

void DurableQueue::judge(const std::string& subject, const std::optional<jetstream::Held>& stream) {
  const auto found = gates_.find(subject);
  const bool leads = led(stream);
  if (found == gates_.end()) return;
  if (!leads) return found->second.unanswered();
  std::vector<std::uint64_t> full;
  for (const TopicGate::Judged& one : found->second.holds(stream->messages)) {
    Push& push = pushes_.at(one.push);
    push.holds = one.held;
    if (one.held == 0) full.push_back(one.push);
    else push.stage = Push::Stage::due, due_.insert(one.push);
  }
  send_due();
  for (const std::uint64_t number : full) pushed(number, Pushed::full);
  ask_room(subject);
}

void DurableQueue::send_due() {
  while (ready_ && lead_in_.over() && !due_.empty() && under_way_.size() < kUnderWay) {
    const std::uint64_t number = *due_.begin();
    due_.erase(due_.begin());
    ask_to_keep(number);
  }
}

void DurableQueue::ask_to_keep(std::uint64_t number) {
  Push& push = pushes_.at(number);
  const unsigned attempt = ++push.tries;
  const auto answered = [this, number, attempt, sent = now_](std::string_view status, std::string_view text) {
    if (status.empty()) heard_ = now_, kept_sent_ = std::max(kept_sent_, sent);
    push_answered(number, attempt, status, text);
  };
  push.stage = Push::Stage::asked;
  push.sent = now_;
  under_way_.insert(number);
  if (request(push.subject, push.body, push.due - now_, answered)) return;
  try_again(number);
  set_ready(false);
}

void DurableQueue::try_again(std::uint64_t number) {
  pushes_.at(number).stage = Push::Stage::due;
  due_.insert(number);
  under_way_.erase(number);
}

// Whoever leads now or next. What the one before still answers counts.
void DurableQueue::ask_again() {
  for (const std::uint64_t number : std::exchange(under_way_, {})) {
    pushes_.at(number).last = Pushed::timeout;
    try_again(number);
  }
}

// What is kept tells that what was sent before it has come to something: its answer was lost, or it was.
void DurableQueue::try_late() {
  std::vector<std::uint64_t> late;
  for (const std::uint64_t number : under_way_)
    if (now_ - pushes_.at(number).sent >= kTryFor) late.push_back(number);
  if (!late.empty() && silent()) return set_ready(false);
  for (const std::uint64_t number : late) {
    Push& push = pushes_.at(number);
    if (push.sent >= kept_sent_) continue;
    push.last = Pushed::timeout;
    try_again(number);
  }
  send_due();
}

void DurableQueue::push_answered(std::uint64_t number, unsigned attempt, std::string_view status, std::string_view text) {
  const auto found = pushes_.find(number);
  if (found == pushes_.end() || status == kNotInTime) return;  // its time is over, or another try was answered
  Push& push = found->second;
  const jetstream::Kept kept = jetstream::kept(status, text);
  if (kept == jetstream::Kept::not_now) {
    if (attempt != push.tries || push.stage != Push::Stage::asked) return;
    try_again(number);
    push.last = Pushed::unavailable;
    return set_ready(false);  // it is asked for until somebody leads it
  }
  if (kept == jetstream::Kept::no) complain("JetStream did not take a message", status, text);
  pushed(number, kept == jetstream::Kept::yes         ? Pushed::yes
                 : kept == jetstream::Kept::full      ? Pushed::full
                 : kept == jetstream::Kept::too_large ? Pushed::too_large
                                                      : Pushed::unavailable);
}

// It is over.
void DurableQueue::pushed(std::uint64_t number, Pushed outcome) {
  const auto push = pushes_.extract(number);
  const Push& one = push.mapped();
  pushing_ -= one.body.size();
  due_.erase(number);
  under_way_.erase(number);
  if (const auto gate = gates_.find(one.subject); gate != gates_.end()) {
    if (one.stage != Push::Stage::waiting) gate->second.over();
    else gate->second.gave_up(number);
    if (gate->second.idle()) gates_.erase(gate);
  }
  if (!one.again) ++(outcome == Pushed::yes ? figures_.pushes : outcome == Pushed::full ? figures_.full : figures_.failed);
  if (one.done) one.done(outcome, outcome == Pushed::yes ? one.holds : 0);
  ask_room(one.subject);
  send_due();
}

void DurableQueue::expire_pushes() {
  while (!pushes_.empty() && pushes_.begin()->second.due <= now_) {
    const Push& late = pushes_.begin()->second;
    pushed(pushes_.begin()->first, late.stage == Push::Stage::asked ? Pushed::timeout : late.last);
  }
}

}  // namespace dunlin
