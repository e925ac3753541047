// SPDX-License-Identifier: Apache-2.0
// Simulation: a cluster without network, threads and clock. Frames take a random time, in order from one node to
// another; nodes come, stop and die; the engine goes and returns; frames are lost. One seed, one history.
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

#include "core/mesh/cluster.h"

namespace dunlin {

class Simulation {
 public:
  class Node;
  struct Published {
    std::uint64_t from;
    std::string channel;
    std::int64_t at = 0;
    int answers = 0;
    Tally tally;
    std::set<std::uint64_t> expected;  // boots with a subscriber when it was published, but for the publisher
  };

  explicit Simulation(std::uint64_t seed);
  ~Simulation();

  Node& add();
  void kill(std::size_t index);  // says nothing
  void stop(std::size_t index);  // says good-bye
  void set_engine(bool up);
  void run(std::int64_t ms);

  void subscribe(std::size_t index, const std::string& channel);
  void unsubscribe(std::size_t index, const std::string& channel);
  std::size_t publish(std::size_t index, const std::string& channel);

  std::uint64_t random(std::uint64_t below) { return random_() % below; }
  std::size_t size() const { return nodes_.size(); }
  Node& node(std::size_t index) { return *nodes_[index]; }

  std::vector<Published> published;
  std::map<std::size_t, std::map<std::uint64_t, int>> deliveries;  // message: boot: times
  std::vector<std::string> out_of_order;
  unsigned loss_permille = 0;  // of publishes on their way
  std::uint64_t dropped = 0;   // such
  std::int64_t now = 1'000'000;
  std::map<wire::Type, int> frames;  // sent, by type

 private:
  friend class Node;
  struct Flight {
    std::int64_t due;
    std::uint64_t from;
    std::string frame;
  };

  bool transmit(std::uint64_t from, std::uint64_t to, std::string_view frame);
  Node* find(std::uint64_t boot);

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::deque<Flight>> flights_;  // from and to
  std::uint64_t next_boot_ = 1;
  bool engine_ = true;
  Log log_{-1};
};

class Simulation::Node final : public ClusterHost {
 public:
  Node(Simulation& world, std::uint64_t boot);

  bool broadcast(std::string_view frame) override;
  bool send(std::uint64_t to, std::string_view frame) override { return world_.transmit(boot, to, frame); }
  void deliver(std::string_view channel, const MessageRef& message, std::function<void(Tally)> done) override;
  void deliver_to(ClientId id, const MessageRef&, std::function<void(SendStatus)> done) override;
  void call_here(ClientId, const ConnCall& call, Mesh::CallDone done) override;
  void claimed(unsigned got) override { number = got; }
  void evicted() override { was_evicted = true; }
  std::uint64_t connections() override { return 1; }

  const std::uint64_t boot;
  unsigned number = 0;
  bool was_evicted = false;
  std::set<std::string> channels;
  InterestFilter filter;
  ClusterStats stats;

 private:
  Simulation& world_;
  std::map<std::pair<std::uint64_t, std::string>, std::size_t> last_;  // message by publisher and channel

 public:
  Cluster cluster;
};

}  // namespace dunlin
