// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/cluster_mesh.h"

#include <utility>

namespace dunlin {
namespace {

// The cluster's thread keeps the deadline; this is for when it does not come to it.
constexpr Millis kGrace{250};

}  // namespace

void ClusterMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  if (!cluster_) return local_.publish(channel, message, std::move(done));
  const bool elsewhere = cluster_->published(channel_hash(channel));
  if (!done || !elsewhere) return publish_here(channel, message, std::move(done), elsewhere);
  Tally known;
  known.partial = !cluster_->complete();
  const std::uint64_t id = tallies_.expect(2, known, std::move(done), deadline_ + kGrace);
  const bool taken = cluster_->publish(channel, message, [this, id](Tally others) {
    mailbox_.post([this, id, others] { tallies_.report(id, others); });
  });
  local_.publish(channel, message, [this, id](Tally here) { tallies_.report(id, here); });
  if (!taken) tallies_.report(id, {0, 1});
}

void ClusterMesh::publish_waiting_here(std::string_view channel, const MessageRef& message, PublishDone done) {
  if (!cluster_) return local_.publish(channel, message, std::move(done));
  publish_here(channel, message, std::move(done), cluster_->published(channel_hash(channel)));
}

void ClusterMesh::publish_here(std::string_view channel, const MessageRef& message, PublishDone done, bool elsewhere) {
  if (elsewhere) cluster_->publish(channel, message, nullptr);  // what it cannot take it counts
  if (cluster_->complete() || !done) return local_.publish(channel, message, std::move(done));
  local_.publish(channel, message, [done = std::move(done)](Tally here) {
    here.partial = true;
    done(here);
  });
}

void ClusterMesh::send(ClientId id, const MessageRef& message, SendDone done) {
  if (!cluster_ || id.node() == number_) return local_.send(id, message, std::move(done));
  const std::uint64_t ticket = sends_.expect(std::move(done), deadline_ + kGrace, SendStatus::timeout);
  const bool taken = cluster_->send(id, message, [this, ticket](SendStatus status) {
    mailbox_.post([this, ticket, status] { sends_.arrived(ticket, status); });
  });
  if (!taken) sends_.arrived(ticket, SendStatus::unreachable);
}

void ClusterMesh::call(ClientId id, const ConnCall& call, CallDone done) {
  if (!cluster_ || id.node() == number_) return local_.call(id, call, std::move(done));
  const std::uint64_t ticket = calls_.expect(std::move(done), 2 * deadline_ + kGrace, {false, "its node did not report in time"});
  const bool taken = cluster_->call(id, call, [this, ticket](CallOutcome outcome) {
    mailbox_.post([this, ticket, outcome = std::move(outcome)] { calls_.arrived(ticket, outcome); });
  });
  if (!taken) calls_.arrived(ticket, {false, "the connection's node cannot be reached now"});
}

}  // namespace dunlin
