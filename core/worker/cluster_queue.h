// SPDX-License-Identifier: Apache-2.0
// ClusterQueue: the way between the workers' queues and those of other nodes: QueueLinks on the cluster's thread, and
// the mailboxes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/mesh/cluster_node.h"
#include "core/mesh/queue_links.h"
#include "core/worker/worker_queue.h"

namespace dunlin {

class ClusterQueue final : public RemoteQueue, private QueueLinksHost {
 public:
  ClusterQueue(std::uint64_t boot, Millis deadline, ClusterNode& cluster)
      : cluster_(cluster), links_(boot, deadline.count(), *this) {}

  // [setup] From here on other nodes take part. `neighbours` outlive the cluster's thread.
  void serve(const std::vector<WorkerQueue::Neighbour>& neighbours);

  void join(ConsumerId consumer, const std::vector<std::string>& topics, bool ack) override;
  void done(unsigned node, ConsumerId consumer, std::vector<std::uint64_t> ids, Queue::AckDone done) override;
  void leave(ConsumerId consumer) override;
  void give(ConsumerId consumer, const QueueMessageRef& message) override;

 private:
  bool send(std::uint64_t boot, std::string_view frame) override { return cluster_.send_frame(boot, frame); }
  std::size_t largest() const override { return cluster_.largest(); }
  void join(std::uint64_t consumer, std::vector<std::string> topics, bool ack) override;
  void leave(std::uint64_t consumer, const std::vector<std::uint64_t>& lost) override;
  void pause(std::uint64_t consumer, bool paused) override;
  void give_back(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) override;
  void done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) override;
  void acknowledge(std::uint64_t consumer, const std::vector<std::uint64_t>& ids,
                   std::function<void(std::size_t)> done) override;
  void take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) override;

  void on_each(std::function<void(WorkerQueue&)> task);
  // The ids by the worker that owns their topic; `task` there.
  template <class Task>
  void on_owners(const std::vector<std::uint64_t>& ids, Task task);

  ClusterNode& cluster_;
  QueueLinks links_;
  const std::vector<WorkerQueue::Neighbour>* neighbours_ = nullptr;  // [cluster's thread]
};

}  // namespace dunlin
