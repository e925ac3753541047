// SPDX-License-Identifier: Apache-2.0
// ClusterSeat: this node's place in a cluster, and what it shares of topics there: nothing, where its engine reaches nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/mesh/cluster_node.h"
#include "core/worker/cluster_queue.h"
#include "core/worker/durable_worker_queue.h"
#include "core/worker/engines.h"
#include "core/worker/worker.h"

namespace dunlin {

// [setup]
class ClusterSeat {
 public:
  ClusterSeat(std::uint64_t boot, Node& node) : boot_(boot), node_(node) {}

  // Joins the cluster, and says so in the node: before its workers are made. `evicted` is called on another thread: the server
  // must stop. `given_up` is asked all the while.
  Status take(std::function<void()> evicted, const std::function<bool()>& given_up);
  // From here on messages come in. REQUIRES: the node's workers run. `connections` is called on the cluster's thread.
  Status serve(std::function<std::uint64_t()> connections);
  // As ClusterNode::stop().
  void leave(std::uint64_t cut);

 private:
  void share_topics(NatsEngine* nats);

  const std::uint64_t boot_;
  Node& node_;
  std::unique_ptr<ClusterNode> cluster_;   // nullptr: this node is alone
  std::unique_ptr<ClusterQueue> queue_;    // used by the cluster's thread
  std::unique_ptr<DurableTopics> durable_; // likewise
};

}  // namespace dunlin
