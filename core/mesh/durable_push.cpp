// SPDX-License-Identifier: Apache-2.0
// Pushes on their way to JetStream. What it does not take now, since no server leads the stream, or NATS is being changed for
// another server, is tried again under the id that it had: JetStream knows what it has already. So a push is kept once, or
// it is an error.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/mesh/durable_queue.h"

namespace dunlin {
namespace {

constexpr std::int64_t kTryFor = 2500, kCountFor = 1000;
constexpr std::size_t kMostPushing = 64 * 1024 * 1024;  // bytes that wait for JetStream
constexpr std::size_t kHeader = 128;                    // bytes of a message besides its body, at most

}  // namespace

void DurableQueue::push(std::string_view topic, std::uint64_t client, std::string_view data, PushDone done) {
  Push push{.subject = subject_of(topic), .body = {}, .id = {}, .due = now_ + settings_.deadline_ms, .done = std::move(done)};
  wire::put(push.body, client);
  wire::put(push.body, settings_.boot);
  push.body.append(data);
  const std::uint64_t number = next_++;
  push.id = fmt::format("{:016x}.{}", settings_.boot, number);
  const bool too_large = push.body.size() + kHeader > host_.largest();
  pushing_ += push.body.size();
  pushes_.emplace(number, std::move(push));
  if (too_large) return pushed(number, Pushed::too_large);
  // What has been gone for as long as a push waits is not waited for.
  const bool gone = !ready_ && now_ - lost_at_ >= settings_.deadline_ms;
  if (gone || pushing_ > kMostPushing) return pushed(number, Pushed::unavailable);
  if (ready_) ask_to_keep(number);
}

void DurableQueue::ask_to_keep(std::uint64_t number) {
  Push& push = pushes_.at(number);
  const unsigned attempt = ++push.tries;
  const auto answered = [this, number, attempt](std::string_view status, std::string_view text) {
    push_answered(number, attempt, status, text);
  };
  push.asked = request(push.subject, push.body, kTryFor, answered, push.id);
  if (!push.asked) set_ready(false);
}

void DurableQueue::push_answered(std::uint64_t number, unsigned attempt, std::string_view status, std::string_view text) {
  const auto found = pushes_.find(number);
  if (found == pushes_.end()) return;  // its time was over, or another try was answered
  Push& push = found->second;
  const jetstream::Kept kept = jetstream::kept(status, text);
  if (kept == jetstream::Kept::not_now) {
    if (attempt != push.tries || !push.asked) return;
    push.asked = false;
    push.last = status == "503" ? Pushed::unavailable : Pushed::timeout;
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
  ++(outcome == Pushed::yes ? figures_.pushes : outcome == Pushed::full ? figures_.full : figures_.failed);
  if (!one.done) return;
  if (outcome != Pushed::yes) return one.done(outcome, 0);
  count_waiting(one.subject, one.done);
}

// In their order: what was pushed first is asked to be kept first.
void DurableQueue::push_again() {
  for (auto row = pushes_.begin(); row != pushes_.end() && ready_; ++row)
    if (!row->second.asked) ask_to_keep(row->first);
}

void DurableQueue::expire_pushes() {
  while (!pushes_.empty() && pushes_.begin()->second.due <= now_) {
    const Push& late = pushes_.begin()->second;
    pushed(pushes_.begin()->first, late.asked ? Pushed::timeout : late.last);
  }
}

// How many the topic holds; 1 where JetStream does not say: this one is kept, that is known.
void DurableQueue::count_waiting(const std::string& subject, const PushDone& done) {
  const auto answer = [subject, done](std::string_view status, std::string_view data) {
    done(Pushed::yes, std::max<std::size_t>(jetstream::count_in(status, data, subject), 1));
  };
  if (!request("$JS.API.STREAM.INFO." + stream_, fmt::format(R"({{"subjects_filter":"{}"}})", subject), kCountFor, answer))
    done(Pushed::yes, 1);
}

}  // namespace dunlin
