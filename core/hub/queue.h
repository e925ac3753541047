// SPDX-License-Identifier: Apache-2.0
// Queue: a node's topics as one worker uses them: push, and pop by consumers. Each topic belongs to one worker of the
// node (hub/topics.h is what that one does), its consumers may be of any node of the cluster; who is where is nobody
// else's matter. [worker]
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace dunlin {

// Immutable once pushed: handed between workers by reference.
struct QueueMessage {
  std::uint64_t id = 0;  // of the cluster; see QueueId
  ClientId client;       // whose script pushed it; none: a backend
  std::string topic, data;
  std::string node;  // the id of the node that it was pushed at; empty: this one
};
using QueueMessageRef = std::shared_ptr<const QueueMessage>;

// A message's id: node (14 bits), worker (8), and a number of that worker's (41: 50,000 a second for 500 days).
struct QueueId {
  static constexpr unsigned kWorkerShift = 41, kNodeShift = 49;
  static constexpr std::uint64_t base(unsigned node, unsigned worker) {
    return std::uint64_t{node} << kNodeShift | std::uint64_t{worker} << kWorkerShift;
  }
  static constexpr unsigned node(std::uint64_t id) { return static_cast<unsigned>(id >> kNodeShift); }
  static constexpr unsigned worker(std::uint64_t id) { return static_cast<unsigned>(id >> kWorkerShift & 0xff); }
};

// A consumer of the cluster: node (16 bits), worker (16), a number of that worker's (32). 0 is none.
using ConsumerId = std::uint64_t;
constexpr ConsumerId consumer_id(unsigned node, unsigned worker, std::uint32_t number) {
  return ConsumerId{node} << 48 | ConsumerId{worker} << 32 | number;
}
constexpr unsigned node_of(ConsumerId id) { return static_cast<unsigned>(id >> 48); }
constexpr unsigned worker_of(ConsumerId id) { return static_cast<unsigned>(id >> 32 & 0xffff); }

// Who is handed messages. [worker]
class QueueConsumer {
 public:
  // Never called from inside a call of Queue. It has to be settled or acknowledged.
  virtual void on_queue_message(const QueueMessageRef& message) = 0;

 protected:
  ~QueueConsumer() = default;
};

class Queue {
 public:
  enum class Pushed { yes, full, too_many_topics, timeout, too_large, unavailable };
  using PushDone = std::function<void(Pushed, std::size_t waiting)>;
  using PopDone = std::function<void(bool)>;
  using AckDone = std::function<void(std::size_t acknowledged)>;

  // `done` (may be empty) is called once, at once or later: how many messages the topic holds now.
  virtual void push(std::string_view topic, ClientId client, std::string_view data, PushDone done) = 0;

  // Messages of these topics come to `consumer` from now on, until unpop. `ack`: each stays the topic's until it is
  // acknowledged; otherwise until it is settled, that is: has left for the consumer. `done(false)`: there are too many
  // topics; nothing comes.
  virtual ConsumerId pop(QueueConsumer& consumer, const std::vector<std::string>& topics, bool ack, PopDone done) = 0;
  // These are done with; more may come.
  virtual void settle(ConsumerId consumer, const std::vector<std::uint64_t>& ids) = 0;
  // Of a consumer with `ack`; `done` says how many of them were its own to acknowledge.
  virtual void acknowledge(ConsumerId consumer, const std::vector<std::uint64_t>& ids, AckDone done) = 0;
  // The consumer hears nothing more; what it had not settled goes to others, in its old order.
  virtual void unpop(ConsumerId consumer) = 0;

 protected:
  ~Queue() = default;
};

}  // namespace dunlin
