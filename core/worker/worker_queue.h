// SPDX-License-Identifier: Apache-2.0
// WorkerQueue: the node's topics as its workers share them. A topic belongs to the worker that the hash of its name
// names; pushes, consumers and what they are done with go to it through its mailbox, messages come back the same way.
// What concerns other nodes goes through RemoteQueue, in the same terms. [worker]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/hub/queue.h"
#include "core/hub/topics.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer_wheel.h"

namespace dunlin {

// The other nodes, as the workers' queues see them. [any-thread]
class RemoteQueue {
 public:
  // A consumer of this node wants topics of others; is done with their messages (`done` may be empty, and is called on
  // any thread); has left.
  virtual void join(ConsumerId consumer, const std::vector<std::string>& topics, bool ack) = 0;
  virtual void done(unsigned node, ConsumerId consumer, std::vector<std::uint64_t> ids, Queue::AckDone done) = 0;
  virtual void leave(ConsumerId consumer) = 0;
  // A message of this node's topics is given to another node's consumer.
  virtual void give(ConsumerId consumer, const QueueMessageRef& message) = 0;

 protected:
  ~RemoteQueue() = default;
};

class WorkerQueue final : public Queue {
 public:
  // A worker as the others see it. Both outlive every queue.
  struct Neighbour {
    Mailbox* mailbox = nullptr;
    WorkerQueue* queue = nullptr;  // used on that worker only
  };

  // `neighbours` has one entry a worker, this one's included, and is complete before the first call. `remote`: nullptr:
  // there are no other nodes.
  WorkerQueue(unsigned self, const std::vector<Neighbour>& neighbours, Loop& loop, TimerWheel& wheel, Millis deadline,
              Topics::Limits limits, TopicCount& count, unsigned node, RemoteQueue* remote);

  void push(std::string_view topic, ClientId client, std::string_view data, PushDone done) override;
  ConsumerId pop(QueueConsumer& consumer, const std::vector<std::string>& topics, bool ack, PopDone done) override;
  void settle(ConsumerId consumer, const std::vector<std::uint64_t>& ids) override;
  void acknowledge(ConsumerId consumer, const std::vector<std::uint64_t>& ids, AckDone done) override;
  void unpop(ConsumerId consumer) override;

  static unsigned owner_of(std::string_view topic, std::size_t workers) {
    return static_cast<unsigned>(std::hash<std::string_view>{}(topic) % workers);
  }

  // What RemoteQueue has for the topics of this worker.
  Topics& topics() { return topics_; }
  void watch();
  // A message for a consumer of this worker.
  void take(ConsumerId consumer, const QueueMessageRef& message);

  // Messages that are lost when this worker ends now.
  std::size_t messages() const { return topics_.messages(); }
  void collect(std::vector<Sample>& out) const { topics_.collect(out); }

 private:
  struct Consumer {
    QueueConsumer* to;
    std::vector<unsigned> owners;
    std::vector<std::string> topics;  // for other nodes
    bool ack = false;
    PopDone done;  // while it opens
    std::size_t missing = 0;
    bool failed = false;
    std::vector<QueueMessageRef> early;  // came before everything was open
  };
  struct Acknowledging {
    AckDone done;
    std::size_t missing = 0, acknowledged = 0;
    void add(std::size_t count) {
      acknowledged += count;
      if (--missing == 0) done(acknowledged);
    }
  };
  struct Settled {
    ConsumerId consumer;
    std::vector<std::uint64_t> ids;
  };
  struct PendingPush {
    PushDone done;
    Timer deadline;
  };

  // Runs `task(queue)` on a worker; at once on this one.
  template <class Task>
  void on(unsigned worker, Task task);

  void give(ConsumerId consumer, const QueueMessageRef& message);
  void settle_own();
  void opened(ConsumerId id, bool joined);
  void finish_open(ConsumerId id);
  void pushed(std::uint64_t ticket, Topics::Push outcome);

  const unsigned self_, node_;
  RemoteQueue* const remote_;
  const std::vector<Neighbour>& neighbours_;
  Loop& loop_;
  TimerWheel& wheel_;
  const Millis deadline_;
  const std::int64_t ack_ms_;
  Topics topics_;
  Timer watch_;  // while something waits for an acknowledgement
  Timer held_;   // while a consumer is held until others have caught up
  std::vector<Settled> settled_;  // by consumers of this worker, of its own topics
  std::unordered_map<ConsumerId, Consumer> consumers_;
  std::unordered_map<std::uint64_t, std::unique_ptr<PendingPush>> pushes_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Acknowledging>> acks_;  // of which other nodes have a part
  std::uint32_t next_consumer_ = 1;
  std::uint64_t next_push_ = 1, next_ack_ = 1;
};

}  // namespace dunlin
