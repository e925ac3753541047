// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mesh/simulation.h"

#include <algorithm>
#include <charconv>

namespace dunlin {
namespace {

constexpr std::int64_t kStep = 10, kTick = 50;
constexpr std::uint64_t kLongestWay = 60;  // ms

Cluster::Settings settings(Simulation& world, std::uint64_t boot) {
  Cluster::Settings settings;
  settings.boot = boot;
  settings.info.name = "node-" + std::to_string(boot);
  settings.info.started_at_ms = world.now;
  settings.seed = world.random(1u << 30);
  settings.linger_ms = 300;
  return settings;
}

}  // namespace

Simulation::Node::Node(Simulation& world, std::uint64_t boot_id)
    : boot(boot_id), world_(world), cluster(settings(world, boot_id), *this, filter, stats, world.log_) {}

bool Simulation::Node::broadcast(std::string_view frame) {
  bool sent = world_.engine_;
  for (const auto& other : world_.nodes_)
    if (other->boot != boot) sent = world_.transmit(boot, other->boot, frame) && sent;
  return sent;
}

void Simulation::Node::deliver(std::string_view channel, const MessageRef& message, std::function<void(Tally)> done) {
  const std::string_view text = message->payload();
  std::size_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  const bool wanted = channels.contains(std::string(channel));
  if (wanted) {
    ++world_.deliveries[id][boot];
    const std::pair key(world_.published[id].from, std::string(channel));
    const auto [last, first] = last_.try_emplace(key, id);
    if (!first && last->second >= id)
      world_.out_of_order.push_back(std::to_string(id) + " after " + std::to_string(last->second));
    last->second = id;
  }
  if (done) done({wanted ? 1u : 0u, 0});
}

void Simulation::Node::deliver_to(ClientId id, const MessageRef&, std::function<void(SendStatus)> done) {
  done(id.node() == number ? SendStatus::sent : SendStatus::no_such_connection);
}

void Simulation::Node::call_here(ClientId, const ConnCall& call, Mesh::CallDone done) {
  done({true, call.arguments.empty() ? "" : call.arguments.front()});
}

Simulation::Simulation(std::uint64_t seed) : random_(seed) {}
Simulation::~Simulation() = default;

Simulation::Node* Simulation::find(std::uint64_t boot) {
  for (const auto& node : nodes_)
    if (node->boot == boot) return node.get();
  return nullptr;
}

bool Simulation::transmit(std::uint64_t from, std::uint64_t to, std::string_view frame) {
  if (!engine_) return false;
  wire::Type type = wire::Type::heartbeat;
  if (wire::type_of(frame, type)) ++frames[type];
  if (type == wire::Type::publish && random(1000) < loss_permille) {
    ++dropped;
    return true;
  }
  std::deque<Flight>& way = flights_[{from, to}];
  const std::int64_t due = now + 1 + static_cast<std::int64_t>(random(kLongestWay));
  way.push_back({way.empty() ? due : std::max(due, way.back().due), from, std::string(frame)});
  return true;
}

Simulation::Node& Simulation::add() {
  nodes_.push_back(std::make_unique<Node>(*this, next_boot_++));
  Node& node = *nodes_.back();
  if (engine_) node.cluster.connected(now);
  return node;
}

void Simulation::kill(std::size_t index) { nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(index)); }

void Simulation::stop(std::size_t index) {
  nodes_[index]->cluster.leave();
  kill(index);
}

void Simulation::set_engine(bool up) {
  if (engine_ == up) return;
  engine_ = up;
  flights_.clear();
  for (const auto& node : nodes_) {
    if (up) {
      node->cluster.connected(now);
    } else {
      node->cluster.disconnected(now);
    }
  }
}

void Simulation::run(std::int64_t ms) {
  for (const std::int64_t end = now + ms; now < end; now += kStep) {
    for (auto& [way, flights] : flights_)
      while (!flights.empty() && flights.front().due <= now) {
        const std::string frame = std::move(flights.front().frame);
        flights.pop_front();
        if (Node* node = find(way.second)) node->cluster.received(frame, now);
      }
    for (const auto& node : nodes_) {
      if (now % kTick == 0) node->cluster.tick(now);
      node->cluster.turn();
    }
  }
}

void Simulation::subscribe(std::size_t index, const std::string& channel) {
  if (nodes_[index]->channels.insert(channel).second) nodes_[index]->cluster.subscribed(channel_hash(channel));
}

void Simulation::unsubscribe(std::size_t index, const std::string& channel) {
  if (nodes_[index]->channels.erase(channel) > 0) nodes_[index]->cluster.unsubscribed(channel_hash(channel), now);
}

std::size_t Simulation::publish(std::size_t index, const std::string& channel) {
  const std::size_t id = published.size();
  Node& from = *nodes_[index];
  published.push_back({.from = from.boot, .channel = channel, .at = now, .tally = {}, .expected = {}});
  for (const auto& node : nodes_)
    if (node->boot != from.boot && node->channels.contains(channel)) published.back().expected.insert(node->boot);
  from.cluster.publish(channel, Message::make(Kind::text, std::to_string(id)),
                       [this, id](Tally tally) {
                         ++published[id].answers;
                         published[id].tally = tally;
                       },
                       now);
  return id;
}

}  // namespace dunlin
