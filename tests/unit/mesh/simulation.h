// SPDX-License-Identifier: Apache-2.0
// Simulation: a cluster without network, threads and clock. Frames take a random time, in order from one node to
// another; nodes come, stop, stall and die; the engine goes and returns, for all or for one, or falls apart; frames are
// lost. One seed, one history.
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
    // Boots with a subscriber whose answer had come, that the publisher has met, or that was there before it.
    std::set<std::uint64_t> expected;
  };

  explicit Simulation(std::uint64_t seed);
  ~Simulation();

  Node& add();
  void kill(std::size_t index);  // says nothing
  void stop(std::size_t index);  // says good-bye
  void stall(std::size_t index, std::int64_t ms);  // neither thinks nor hears; what is sent to it waits
  void set_engine(bool up);
  void set_link(std::size_t index, bool up);       // of one node to the engine
  void set_group(std::size_t index, int group);    // the engine has fallen apart: groups do not hear each other
  void set_slow(std::size_t index, std::int64_t ms);  // so much longer to the engine and back
  void heal();                                     // all of it
  void run(std::int64_t ms);

  void subscribe(std::size_t index, const std::string& channel);
  void confirm_all();  // REQUIRES: it has been quiet, so that everybody knows everything
  void unsubscribe(std::size_t index, const std::string& channel);
  void publish(std::size_t index, const std::string& channel);  // unless it has no number yet; at one that stalls it waits

  std::uint64_t random(std::uint64_t below) { return random_() % below; }
  std::size_t size() const { return nodes_.size(); }
  Node& node(std::size_t index) { return *nodes_[index]; }

  std::vector<Published> published;
  std::map<std::size_t, std::map<std::uint64_t, int>> deliveries;  // message: boot: times
  std::vector<std::string> out_of_order;
  unsigned loss_permille = 0;      // of publishes on their way
  unsigned any_loss_permille = 0;  // of all frames
  std::uint64_t dropped = 0;       // publishes
  std::uint64_t counted = 0;       // by nodes that are no more: see lost()
  std::uint64_t lost() const;      // what all nodes have counted as lost between them
  // Expected by a node that is still there, of a publisher that is, and neither come nor counted.
  std::uint64_t uncounted() const;
  std::int64_t now = 1'000'000;
  std::map<wire::Type, int> frames;  // sent, by type

 private:
  friend class Node;
  struct Flight {
    std::int64_t due;
    std::uint64_t from;
    std::string frame;  // empty: the engine's word that nobody is there
  };

  void publish(Node& from, const std::string& channel);
  void publish_waiting(Node& from);
  bool transmit(Node& from, Node& to, std::string_view frame);
  Node* find(std::uint64_t boot) const;

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::deque<Flight>> flights_;  // from and to
  std::uint64_t next_boot_ = 1;
  bool engine_ = true;
  std::uint64_t unsent_by_late_ = 0;  // publishes, of nodes that are no more
  Log log_{-1};
};

class Simulation::Node final : public ClusterHost {
 public:
  Node(Simulation& world, std::uint64_t boot);

  bool broadcast(std::string_view frame) override;
  bool send(std::uint64_t to, std::string_view frame) override;
  bool ask(std::uint64_t to, std::string_view frame) override;
  std::size_t largest() const override { return 1024 * 1024; }
  const PublishCounts& published_here() const override { return counts; }
  void deliver(std::string_view channel, const MessageRef& message, std::function<void(Tally)> done) override;
  void deliver_to(ClientId id, const MessageRef&, std::function<void(SendStatus)> done) override;
  void call_here(ClientId, const ConnCall& call, Mesh::CallDone done) override;
  void claimed(unsigned got) override { number = got; }
  void evicted() override { was_evicted = true; }
  std::uint64_t connections() override { return 1; }
  std::uint64_t lost() const { return stats.lost + stats.unsent + stats.silent; }

  const std::uint64_t boot;
  const std::int64_t born;
  unsigned number = 0;
  bool was_evicted = false;
  bool linked = true;
  int group = 0;
  std::int64_t stalled_until = 0, slow = 0;
  std::vector<std::string> waiting;               // publishes that it has not read yet
  std::map<std::string, std::uint64_t> channels;  // subscribed, by which subscription
  std::map<std::string, std::int64_t> answered;   // those of them that have been, since when
  std::set<std::string> met;                      // names of nodes that it has seen
  std::uint64_t subscriptions = 0;
  InterestFilter filter{1024};  // a history makes many nodes, and has few channels
  PublishCounts counts{1024};
  ClusterStats stats;

 private:
  Simulation& world_;
  std::map<std::pair<std::uint64_t, std::string>, std::size_t> last_;  // message by publisher and channel

 public:
  Cluster cluster;
};

}  // namespace dunlin
