// SPDX-License-Identifier: Apache-2.0
// What nodes say to each other about topics (queue_links.h says why). All go to one node, and but for beats and answers
// carry the number that they have among those from this node to that one.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/mesh/cluster_wire.h"

namespace dunlin::wire {

// The numbers of the last that was sent and received; with `ask` the other is to say what it knows.
struct QueueBeat {
  static constexpr Type kType = Type::queue_beat;
  std::uint64_t boot = 0, sent = 0, received = 0, ask = 0;
  template <class F>
  void each(F&& f) { f(boot), f(sent), f(received), f(ask); }
};

// A consumer of the sender's. In a state: part of the whole, with the ids that it has of the receiver's and is not
// done with; otherwise (0) it is new.
struct QueueConsumer {
  static constexpr Type kType = Type::queue_consumer;
  std::uint64_t boot = 0, sequence = 0, state = 0, consumer = 0, ack = 0;
  std::vector<std::string_view> topics;
  std::vector<std::uint64_t> held;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(state), f(consumer), f(ack), f(topics), f(held); }
};

// The end of a state of so many consumers: what had been received by then, and ranges (first, last) that were missing.
struct QueueEnd {
  static constexpr Type kType = Type::queue_end;
  std::uint64_t boot = 0, sequence = 0, state = 0, consumers = 0, received = 0;
  std::vector<std::uint64_t> missed;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(state), f(consumers), f(received), f(missed); }
};

struct QueueLeave {
  static constexpr Type kType = Type::queue_leave;
  std::uint64_t boot = 0, sequence = 0, consumer = 0;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(consumer); }
};

// A message of the sender's for a consumer of the receiver's.
struct QueueGive {
  static constexpr Type kType = Type::queue_give;
  std::uint64_t boot = 0, sequence = 0, consumer = 0, id = 0, client = 0;
  std::string_view topic, data;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(consumer), f(id), f(client), f(topic), f(data); }
};

struct QueueSettle {
  static constexpr Type kType = Type::queue_settle;
  std::uint64_t boot = 0, sequence = 0, consumer = 0;
  std::vector<std::uint64_t> ids;
  template <class F>
  void each(F&& f) { f(boot), f(sequence), f(consumer), f(ids); }
};

struct QueueAck {
  static constexpr Type kType = Type::queue_ack;
  std::uint64_t boot = 0, ticket = 0, consumer = 0;
  std::vector<std::uint64_t> ids;
  template <class F>
  void each(F&& f) { f(boot), f(ticket), f(consumer), f(ids); }
};

struct QueueAcked {
  static constexpr Type kType = Type::queue_acked;
  std::uint64_t boot = 0, ticket = 0, count = 0;
  template <class F>
  void each(F&& f) { f(boot), f(ticket), f(count); }
};

}  // namespace dunlin::wire
