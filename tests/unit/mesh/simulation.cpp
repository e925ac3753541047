// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mesh/simulation.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace dunlin {
namespace {

constexpr std::int64_t kStep = 10, kTick = 50;
constexpr std::uint64_t kLongestWay = 60;  // ms

std::string name_of(std::uint64_t boot) { return "node-" + std::to_string(boot); }

Cluster::Settings settings(Simulation& world, std::uint64_t boot) {
  Cluster::Settings settings;
  settings.boot = boot;
  settings.info.name = name_of(boot);
  settings.info.started_at_ms = world.now;
  settings.seed = world.random(1u << 30);
  settings.linger_ms = 300;
  return settings;
}

}  // namespace

Simulation::Node::Node(Simulation& world, std::uint64_t boot_id)
    : boot(boot_id), born(world.now), world_(world), cluster(settings(world, boot_id), *this, filter, stats, world.log_) {}

bool Simulation::Node::broadcast(std::string_view frame) {
  bool sent = world_.engine_ && linked;
  for (const auto& other : world_.nodes_)
    if (other->boot != boot) sent = world_.transmit(*this, *other, frame) && sent;
  return sent;
}

bool Simulation::Node::send(std::uint64_t to, std::string_view frame) {
  if (Node* other = world_.find(to)) return world_.transmit(*this, *other, frame);
  wire::Type type;
  if (wire::type_of(frame, type)) ++world_.frames[type];
  return world_.engine_ && linked;
}

bool Simulation::Node::ask(std::uint64_t to, std::string_view frame) {
  const Node* other = world_.find(to);
  if (!send(to, frame)) return false;
  if (!other || !other->linked || other->group != group)
    world_.flights_[{to, boot}].push_back({world_.now + 1 + static_cast<std::int64_t>(world_.random(kLongestWay)), to, ""});
  return true;
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

Simulation::Node* Simulation::find(std::uint64_t boot) const {
  for (const auto& node : nodes_)
    if (node->boot == boot) return node.get();
  return nullptr;
}

bool Simulation::transmit(Node& from, Node& to, std::string_view frame) {
  if (!engine_ || !from.linked) return false;
  wire::Type type = wire::Type::heartbeat;
  if (wire::type_of(frame, type)) ++frames[type];
  const bool is_publish = type == wire::Type::publish;
  const bool lost = !to.linked || from.group != to.group || (is_publish && random(1000) < loss_permille) ||
                    (any_loss_permille > 0 && random(1000) < any_loss_permille);
  if (lost) {
    dropped += is_publish ? 1 : 0;
    return true;
  }
  std::deque<Flight>& way = flights_[{from.boot, to.boot}];
  const std::int64_t due = now + 1 + static_cast<std::int64_t>(random(kLongestWay)) + from.slow + to.slow;
  way.push_back({way.empty() ? due : std::max(due, way.back().due), from.boot, std::string(frame)});
  return true;
}

Simulation::Node& Simulation::add() {
  nodes_.push_back(std::make_unique<Node>(*this, next_boot_++));
  Node& node = *nodes_.back();
  if (engine_) node.cluster.connected(now);
  return node;
}

void Simulation::kill(std::size_t index) {
  counted += nodes_[index]->lost();
  unsent_by_late_ += nodes_[index]->stats.unsent;
  nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Simulation::stop(std::size_t index) {
  nodes_[index]->cluster.leave(0);
  kill(index);
}

void Simulation::stall(std::size_t index, std::int64_t ms) { nodes_[index]->stalled_until = now + ms; }

void Simulation::set_engine(bool up) {
  if (engine_ == up) return;
  engine_ = up;
  flights_.clear();
  for (const auto& node : nodes_) {
    if (!node->linked) continue;
    if (up) {
      node->cluster.connected(now);
    } else {
      node->cluster.disconnected(now);
    }
  }
}

void Simulation::set_link(std::size_t index, bool up) {
  Node& node = *nodes_[index];
  if (std::exchange(node.linked, up) == up) return;
  for (auto& [way, flights] : flights_)
    if (way.second == node.boot) flights.clear();
  if (!engine_) return;
  if (up) {
    node.cluster.connected(now);
  } else {
    node.cluster.disconnected(now);
  }
}

void Simulation::set_slow(std::size_t index, std::int64_t ms) { nodes_[index]->slow = ms; }
void Simulation::set_group(std::size_t index, int group) { nodes_[index]->group = group; }

void Simulation::heal() {
  set_engine(true);
  loss_permille = any_loss_permille = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    set_link(i, true);
    set_group(i, 0);
    set_slow(i, 0);
  }
}

void Simulation::run(std::int64_t ms) {
  for (const std::int64_t end = now + ms; now < end; now += kStep) {
    for (const auto& node : nodes_)
      if (random(2) == 0) publish_waiting(*node);  // before it has read what came meanwhile
    for (auto& [way, flights] : flights_) {
      if (flights.empty() || flights.front().due > now) continue;
      Node* node = find(way.second);
      if (node && node->stalled_until > now) continue;
      for (; !flights.empty() && flights.front().due <= now;) {
        const std::string frame = std::move(flights.front().frame);
        flights.pop_front();
        if (node && frame.empty()) node->cluster.nobody(way.first);
        else if (node) node->cluster.received(frame, now);
      }
    }
    for (const auto& node : nodes_) {
      if (node->stalled_until > now) continue;
      publish_waiting(*node);
      if (now % kTick == 0) node->cluster.tick(now);
      node->cluster.turn();
    }
  }
  for (const auto& node : nodes_)
    for (const NodeInfo& info : node->cluster.nodes(now)) node->met.insert(info.name);
}

// It is known when the others have confirmed it; what was only given up does not count.
void Simulation::subscribe(std::size_t index, const std::string& channel) {
  Node& node = *nodes_[index];
  if (node.stalled_until > now || !node.channels.try_emplace(channel, node.subscriptions + 1).second) return;
  const std::uint64_t number = ++node.subscriptions;
  node.cluster.subscribed(channel_hash(channel), [this, &node, channel, number] {
    const auto still = node.channels.find(channel);
    if (still != node.channels.end() && still->second == number) node.answered[channel] = now;
  });
}

void Simulation::confirm_all() {
  for (const auto& node : nodes_)
    for (const auto& [channel, number] : node->channels) node->answered[channel] = now;
}

void Simulation::unsubscribe(std::size_t index, const std::string& channel) {
  Node& node = *nodes_[index];
  if (node.stalled_until > now || node.channels.erase(channel) == 0) return;
  node.answered.erase(channel);
  for (std::size_t id = 0; id < published.size(); ++id)  // what is still on its way is not wanted any more
    if (published[id].channel == channel && !deliveries[id].contains(node.boot)) published[id].expected.erase(node.boot);
  node.cluster.unsubscribed(channel_hash(channel), now);
}

std::uint64_t Simulation::lost() const {
  std::uint64_t sum = counted;
  for (const auto& node : nodes_) sum += node->lost();
  return sum;
}

std::uint64_t Simulation::uncounted() const {
  std::map<std::uint64_t, std::uint64_t> missing;  // by who misses it
  for (std::size_t id = 0; id < published.size(); ++id) {
    const auto got = deliveries.find(id);
    for (const std::uint64_t boot : published[id].expected)
      if (find(published[id].from) && (got == deliveries.end() || !got->second.contains(boot))) ++missing[boot];
  }
  std::uint64_t sum = 0, unsent = unsent_by_late_;
  for (const auto& node : nodes_) {
    const std::uint64_t here = node->stats.lost + node->stats.silent, lacks = missing[node->boot];
    sum += lacks > here ? lacks - here : 0;
    unsent += node->stats.unsent;
  }
  return sum > unsent ? sum - unsent : 0;
}

void Simulation::publish(std::size_t index, const std::string& channel) {
  Node& from = *nodes_[index];
  if (from.number == 0) return;
  from.waiting.push_back(channel);
  publish_waiting(from);
}

void Simulation::publish_waiting(Node& from) {
  if (from.stalled_until > now) return;
  for (const std::string& channel : std::exchange(from.waiting, {})) publish(from, channel);
}

void Simulation::publish(Node& from, const std::string& channel) {
  const std::size_t id = published.size();
  published.push_back({.from = from.boot, .channel = channel, .at = now, .tally = {}, .expected = {}});
  for (const auto& node : nodes_) {
    const auto answered = node->answered.find(channel);
    if (node->boot == from.boot || answered == node->answered.end()) continue;
    if (from.met.contains(name_of(node->boot)) || from.born > answered->second) published.back().expected.insert(node->boot);
  }
  from.counts.add(channel_hash(channel));
  from.cluster.publish(channel, Message::make(Kind::text, std::to_string(id)),
                       [this, id](Tally tally) {
                         ++published[id].answers;
                         published[id].tally = tally;
                       },
                       now);
}

}  // namespace dunlin
