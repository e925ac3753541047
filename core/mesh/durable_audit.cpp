// SPDX-License-Identifier: Apache-2.0
// What the stream still holds of a topic although the topic's consumer has left it behind: a server that was killed may come
// back without an acknowledgement that the others have, or without having handed out what the others have handed out, and
// then nobody will ever get that message, nor remove it. Each topic that is popped here is looked at once in a while. What
// its consumer had left behind the last time and has now, and the stream holds all the same, is pushed again, and removed in
// its old place; a consumer that hands out nothing any more is made anew (docs/decisions/0018-what-consumers-forget.md).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/mesh/durable_queue.h"

namespace dunlin {
namespace {

constexpr std::int64_t kAtLeast = 2000, kAnswerFor = 2500;

}  // namespace

// Longer than a consumer waits for an acknowledgement before it hands out again.
std::int64_t DurableQueue::audit_every() const { return std::max(kAtLeast, 2 * settings_.ack_ms); }

// Not when the other nodes do, which have heard of the consumer at the same moment.
void DurableQueue::audit_from_now(Topic& topic) {
  topic.look_at = now_ + audit_every() + static_cast<std::int64_t>(settings_.boot % static_cast<std::uint64_t>(audit_every()));
  topic.progress = {};
}

// One topic at a time, so that many topics are no burst.
void DurableQueue::audit() {
  if (!ready_ || audit_) return;
  for (auto& [name, topic] : topics_) {
    if (!topic->ready || now_ < topic->look_at) continue;
    topic->look_at = now_ + audit_every();
    audit_ = Audit{name, topic->subject};
    return audit_next(0);
  }
}

void DurableQueue::audit_next(std::uint64_t from) {
  const bool asked = request("$JS.API.STREAM.MSG.GET." + stream_, jetstream::next_of(audit_->subject, from), kAnswerFor,
                             [this](std::string_view status, std::string_view data) {
                               auto next = jetstream::found(status, data);
                               if (audit_->left_behind == 0) compare(std::move(next));
                               else restore(std::move(next));
                             });
  if (!asked) audited();
}

void DurableQueue::compare(jetstream::Found oldest) {
  const auto topic = topics_.find(audit_->topic);
  if (topic == topics_.end()) return audited();
  const jetstream::Progress before = std::exchange(topic->second->progress, {});
  if (oldest.sequence == 0) return audited();
  const bool asked = request(fmt::format("$JS.API.CONSUMER.INFO.{}.{}", stream_, topic->second->durable), "", kAnswerFor,
                             [this, before, oldest = std::move(oldest)](std::string_view status, std::string_view data) {
                               const jetstream::Progress now = jetstream::progress(status, data);
                               const auto there = topics_.find(audit_->topic);
                               if (there == topics_.end()) return audited();
                               if (jetstream::stuck(before, now)) return make_anew(*there->second);
                               there->second->progress = now;
                               audit_->left_behind = jetstream::left_behind(before, now);
                               restore(oldest);
                             });
  if (!asked) audited();
}

// A server that has not heard of acknowledgements waits for messages that are there no more, and hands out nothing while it
// tries to hand out those again. One that has just been made waits for nothing, and begins with the oldest that is there.
void DurableQueue::make_anew(Topic& topic) {
  log_.warn("a topic's consumer at JetStream was asked for messages, and handed out none though there are; it is made anew", {{"topic", topic.name}});
  const bool asked = request(fmt::format("$JS.API.CONSUMER.DELETE.{}.{}", stream_, topic.durable), "", kAnswerFor,
                             [this](std::string_view status, std::string_view data) {
                               const auto there = topics_.find(audit_->topic);
                               const bool gone = jetstream::error_in(status, data) == 0;
                               audited();
                               if (!gone || there == topics_.end()) return;
                               ++figures_.anew;
                               Topic& anew = *there->second;
                               for (const auto& [number, one] : anew.pulls) pulls_.erase(number);
                               anew.pulls.clear();
                               anew.ready = anew.made = false;
                               make_consumer(anew);
                             });
  if (!asked) audited();
}

void DurableQueue::restore(jetstream::Found message) {
  if (message.sequence == 0 || message.sequence > audit_->left_behind) return audited();
  const bool here = given_.contains(message.sequence) || settled_.contains(message.sequence);
  if (here) return audit_next(message.sequence + 1);
  push_again(audit_->subject, std::move(message.data), [this, sequence = message.sequence](Pushed outcome, std::size_t) {
    if (outcome == Pushed::yes) restored(sequence);
    else audited();
  });
}

void DurableQueue::restored(std::uint64_t sequence) {
  ++figures_.stranded;
  ++audit_->restored;
  const bool asked = request("$JS.API.STREAM.MSG.DELETE." + stream_, jetstream::deletion_of(sequence), kAnswerFor,
                             [this, sequence](std::string_view status, std::string_view) {
                               if (status.empty()) audit_next(sequence + 1);
                               else audited();
                             });
  if (!asked) audited();
}

void DurableQueue::audited() {
  if (audit_->restored > 0)
    log_.warn("JetStream held messages that it would not have handed out any more; they were pushed again",
              {{"topic", audit_->topic}, {"messages", audit_->restored}});
  audit_.reset();
}

}  // namespace dunlin
