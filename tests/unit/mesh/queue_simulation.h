// SPDX-License-Identifier: Apache-2.0
// QueueSimulation: topics and consumers of a cluster without network, threads and clock. Frames take a random time, in
// order from one node to another, or are lost; nodes die, lose sight of each other; the engine goes and returns;
// consumers come, are slow, and leave. One seed, one history.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/hub/topics.h"
#include "core/mesh/queue_links.h"

namespace dunlin {

class QueueSimulation {
 public:
  class Node;

  explicit QueueSimulation(std::uint64_t seed) : random_(seed) {}
  ~QueueSimulation();

  Node& add();
  void kill(std::size_t index);              // the others notice after a while
  void part(std::size_t one, std::size_t other);  // `one` loses sight of `other`, for a moment
  void set_engine(bool up);
  void run(std::int64_t ms);

  void push(std::size_t index, const std::string& topic);
  void pop(std::size_t index, const std::string& topic, bool ack);
  void unpop(std::size_t index);  // some consumer of the node's
  void expire();                  // what is not acknowledged goes back

  std::uint64_t random(std::uint64_t below) { return random_() % below; }
  std::size_t size() const { return nodes_.size(); }
  Node& node(std::size_t index) { return *nodes_[index]; }

  struct Message {
    std::uint64_t boot;  // where it was pushed
    std::string topic;
    int came = 0, acknowledged = 0;
    bool lost = false;  // and counted
  };
  std::vector<Message> messages;  // by what they say
  std::map<wire::Type, int> frames;
  unsigned loss_permille = 0;
  std::int64_t now = 1'000'000;

 private:
  struct Flight {
    std::int64_t due;
    std::string frame;
  };
  bool transmit(std::uint64_t from, std::uint64_t to, std::string_view frame);
  Node* find(std::uint64_t boot);

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::deque<Flight>> flights_;
  std::multimap<std::int64_t, std::function<void()>> later_;
  std::uint64_t next_boot_ = 1;
  bool engine_ = true;
};

// One worker and the cluster's thread, with a mailbox each.
class QueueSimulation::Node final : public QueueLinksHost {
 public:
  Node(QueueSimulation& world, std::uint64_t boot);

  bool send(std::uint64_t to, std::string_view frame) override { return world_.transmit(boot, to, frame); }
  std::size_t largest() const override { return 64 * 1024; }
  void join(std::uint64_t consumer, std::vector<std::string> topics, bool ack) override;
  void leave(std::uint64_t consumer, const std::vector<std::uint64_t>& lost) override;
  void pause(std::uint64_t consumer, bool paused) override;
  void give_back(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) override;
  void done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) override;
  void acknowledge(std::uint64_t consumer, const std::vector<std::uint64_t>& ids,
                   std::function<void(std::size_t)> done) override;
  void take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) override;

  void step();
  unsigned number() const { return static_cast<unsigned>(boot); }

  struct Consumer {
    bool ack;
    std::deque<QueueMessageRef> has;  // not written, or not acknowledged
  };
  const std::uint64_t boot;
  std::map<ConsumerId, Consumer> consumers;
  std::deque<std::function<void()>> to_worker, to_cluster;

 private:
  friend class QueueSimulation;
  void come(ConsumerId consumer, const QueueMessageRef& message);
  void finish_one(ConsumerId id, Consumer& consumer);

  QueueSimulation& world_;
  std::map<std::uint64_t, std::size_t> pushed_;  // id: message
  std::uint32_t next_consumer_ = 1;
  TopicCount count_{100};

 public:
  Topics topics;
  QueueLinks links;
};

}  // namespace dunlin
