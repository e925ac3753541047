// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/cluster_mesh.h"

#include <utility>

namespace dunlin {
namespace {

// The cluster's thread keeps the deadline; this is for when it does not come to it.
constexpr Millis kGrace{250};

}  // namespace

void ClusterMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  if (!done || !elsewhere(channel)) return publish_waiting_here(channel, message, std::move(done));
  const std::uint64_t id = next_++;
  auto& pending = *(publishes_[id] = std::make_unique<Publish>());
  pending.missing = 2;
  pending.tally.partial = !cluster_->complete();
  pending.done = std::move(done);
  pending.deadline.on_fire([this, id] { give_up(id); });
  wheel_.start(pending.deadline, deadline_ + kGrace);
  const bool taken = cluster_->publish(channel, message, [this, id](Tally others) {
    mailbox_.post([this, id, others] { report(id, others); });
  });
  local_.publish(channel, message, [this, id](Tally here) { report(id, here); });
  if (!taken) report(id, {0, 1});
}

void ClusterMesh::publish_waiting_here(std::string_view channel, const MessageRef& message, PublishDone done) {
  if (elsewhere(channel)) cluster_->publish(channel, message, nullptr);  // what it cannot take it counts
  if (!cluster_ || cluster_->complete() || !done) return local_.publish(channel, message, std::move(done));
  local_.publish(channel, message, [done = std::move(done)](Tally here) {
    here.partial = true;
    done(here);
  });
}

void ClusterMesh::report(std::uint64_t id, Tally tally) {
  const auto found = publishes_.find(id);
  if (found == publishes_.end()) return;  // too late: counted as failed already
  found->second->tally += tally;
  if (--found->second->missing > 0) return;
  const std::unique_ptr<Publish> finished = std::move(found->second);
  publishes_.erase(found);
  finished->done(finished->tally);
}

void ClusterMesh::give_up(std::uint64_t id) {
  const auto found = publishes_.find(id);
  const std::unique_ptr<Publish> late = std::move(found->second);
  publishes_.erase(found);
  late->tally.fail += late->missing;
  late->done(late->tally);
}

void ClusterMesh::send(ClientId id, const MessageRef& message, SendDone done) {
  if (!cluster_ || id.node() == number_) return local_.send(id, message, std::move(done));
  const std::uint64_t ticket = next_++;
  auto& pending = *(sends_[ticket] = std::make_unique<Send>());
  pending.done = std::move(done);
  pending.deadline.on_fire([this, ticket] { sent(ticket, SendStatus::timeout); });
  wheel_.start(pending.deadline, deadline_ + kGrace);
  const bool taken = cluster_->send(id, message, [this, ticket](SendStatus status) {
    mailbox_.post([this, ticket, status] { sent(ticket, status); });
  });
  if (!taken) sent(ticket, SendStatus::unreachable);
}

void ClusterMesh::sent(std::uint64_t id, SendStatus status) {
  const auto found = sends_.find(id);
  if (found == sends_.end()) return;
  const std::unique_ptr<Send> finished = std::move(found->second);
  sends_.erase(found);
  if (finished->done) finished->done(status);
}

void ClusterMesh::call(ClientId id, const ConnCall& call, CallDone done) {
  if (!cluster_ || id.node() == number_) return local_.call(id, call, std::move(done));
  const std::uint64_t ticket = next_++;
  auto& pending = *(calls_[ticket] = std::make_unique<Call>());
  pending.done = std::move(done);
  pending.deadline.on_fire([this, ticket] { called(ticket, {false, "its node did not report in time"}); });
  wheel_.start(pending.deadline, deadline_ + kGrace);
  const bool taken = cluster_->call(id, call, [this, ticket](CallOutcome outcome) {
    mailbox_.post([this, ticket, outcome = std::move(outcome)] { called(ticket, outcome); });
  });
  if (!taken) called(ticket, {false, "the connection's node cannot be reached now"});
}

void ClusterMesh::called(std::uint64_t id, const CallOutcome& outcome) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const std::unique_ptr<Call> finished = std::move(found->second);
  calls_.erase(found);
  finished->done(outcome);
}

}  // namespace dunlin
