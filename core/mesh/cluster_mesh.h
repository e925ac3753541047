// SPDX-License-Identifier: Apache-2.0
// ClusterMesh: the mesh of a node in a cluster. This node's subscribers are LocalMesh's; what another node may want
// goes to the cluster's thread as well, and both tallies are added up. Without a cluster it is LocalMesh. One object a
// worker. [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/loop/mailbox.h"
#include "core/mesh/awaited.h"
#include "core/mesh/cluster_node.h"
#include "core/mesh/mesh.h"

namespace dunlin {

class ClusterMesh final : public Mesh {
 public:
  // `cluster`: nullptr: there is none; otherwise the node's own number is `number`.
  ClusterMesh(Mesh& local, ClusterNode* cluster, unsigned number, Mailbox& mailbox, TimerWheel& wheel, Millis deadline)
      : local_(local), cluster_(cluster), number_(number), mailbox_(mailbox), deadline_(deadline), tallies_(wheel),
        sends_(wheel), calls_(wheel) {}

  void publish(std::string_view channel, const MessageRef& message, PublishDone done) override;
  void publish_waiting_here(std::string_view channel, const MessageRef& message, PublishDone done) override;
  void send(ClientId id, const MessageRef& message, SendDone done) override;
  void call(ClientId id, const ConnCall& call, CallDone done) override;
  std::size_t largest() const override { return cluster_ ? cluster_->largest_message() : Mesh::largest(); }

  // A channel's first subscriber on this worker has come, or its last has left. `known` is called on this worker when
  // the other nodes have heard of it, or will not in time. REQUIRES: there is a cluster
  void wanted(std::string_view channel, std::function<void()> known) {
    cluster_->wanted(channel_hash(channel), [this, known = std::move(known)] { mailbox_.post(known); });
  }
  void unwanted(std::string_view channel) { cluster_->unwanted(channel_hash(channel)); }

 private:
  void publish_here(std::string_view channel, const MessageRef& message, PublishDone done, bool elsewhere);

  Mesh& local_;
  ClusterNode* const cluster_;
  const unsigned number_;
  Mailbox& mailbox_;
  const Millis deadline_;
  Tallies tallies_;  // each of two: this node, and the others
  Awaited<SendStatus> sends_;
  Awaited<CallOutcome> calls_;
};

}  // namespace dunlin
