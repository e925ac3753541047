// SPDX-License-Identifier: Apache-2.0
// DurableWorkerQueue: a worker's door to the topics that JetStream keeps; and what the workers of a node share of them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/hub/queue.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/mesh/cluster_node.h"
#include "core/mesh/durable_queue.h"
#include "core/mesh/nats_engine.h"

namespace dunlin {

class DurableTopics;

class DurableWorkerQueue final : public Queue {
 public:
  // A worker as the others see it. Outlives the cluster's thread.
  struct Neighbour {
    Mailbox* mailbox = nullptr;
    DurableWorkerQueue* queue = nullptr;  // used on that worker only
  };

  // `shared`: nullptr: it is never used.
  DurableWorkerQueue(unsigned node, unsigned self, Loop& loop, Mailbox& mailbox, DurableTopics* shared)
      : node_(node), self_(self), loop_(loop), mailbox_(mailbox), shared_(shared) {}

  void push(std::string_view topic, ClientId client, std::string_view data, PushDone done) override;
  ConsumerId pop(QueueConsumer& consumer, const std::vector<std::string>& topics, bool ack, PopDone done) override;
  void settle(ConsumerId consumer, const std::vector<std::uint64_t>& ids) override { acknowledge(consumer, ids, nullptr); }
  void acknowledge(ConsumerId consumer, const std::vector<std::uint64_t>& ids, AckDone done) override;
  void unpop(ConsumerId consumer) override;

  void take(ConsumerId consumer, const QueueMessageRef& message);

 private:
  // What is called when the cluster's thread has answered stays on this worker; that one has its number.
  template <class Done>
  using Waiting = std::unordered_map<std::uint64_t, Done>;

  const unsigned node_, self_;
  Loop& loop_;
  Mailbox& mailbox_;
  DurableTopics* const shared_;
  std::unordered_map<ConsumerId, QueueConsumer*> consumers_;
  Waiting<PushDone> pushes_;
  Waiting<AckDone> acks_;
  std::uint32_t next_consumer_ = 1;
  std::uint64_t next_ = 1;
};

// On the cluster's thread, but for what is said otherwise.
class DurableTopics final : public ClusterPart, private DurableQueueHost {
 public:
  DurableTopics(DurableQueue::Settings settings, ClusterNode& cluster, NatsEngine& nats, Log& log)
      : cluster_(cluster), nats_(nats), queue_(std::move(settings), *this, log) {}

  // [setup] As ClusterQueue::serve().
  Status serve(std::vector<DurableWorkerQueue::Neighbour> neighbours);

  // [any-thread] Runs `task(queue)` there. False: too much waits for it.
  template <class Task>
  bool on_queue(std::size_t bytes, Task task) {
    return cluster_.post(bytes, [this, task = std::move(task)]() mutable { task(queue_); });
  }
  void collect(std::vector<Sample>& out) const { queue_.collect(out); }  // [any-thread]

  void on_engine(bool up) override { queue_.on_engine(up); }
  void on_member(std::uint64_t boot, unsigned) override { others_.insert(boot); }
  void on_member_lost(std::uint64_t boot) override { others_.erase(boot); }
  bool on_frame(wire::Type, std::string_view) override { return false; }
  void on_tick(std::int64_t now) override { queue_.on_tick(now); }
  void on_turn() override {}

 private:
  bool publish(const std::string& subject, const std::string& reply, std::string_view data) override {
    return nats_.publish(subject, reply, data);
  }
  std::size_t largest() const override { return nats_.largest(); }
  std::size_t nodes() const override { return others_.size() + 1; }
  void take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) override;

  ClusterNode& cluster_;
  NatsEngine& nats_;
  DurableQueue queue_;
  std::set<std::uint64_t> others_;  // nodes
  std::vector<DurableWorkerQueue::Neighbour> neighbours_;
};

}  // namespace dunlin
