// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mesh/queue_simulation.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dunlin {
namespace {

constexpr std::int64_t kStep = 10, kTick = 50, kSilence = 3500;
constexpr std::uint64_t kLongestWay = 60;

}  // namespace

QueueSimulation::Node::Node(QueueSimulation& world, std::uint64_t boot_id)
    : boot(boot_id), world_(world),
      topics(0, {.size = 100'000, .bytes = 1 << 30, .ack_ms = 0}, count_,
             [this](ConsumerId to, const QueueMessageRef& message) {
               if (node_of(to) == number()) return to_worker.push_back([this, to, message] { come(to, message); });
               to_cluster.push_back([this, to, message] {
                 links.give(to, {message->id, message->client.value(), message->topic, message->data});
               });
             },
             static_cast<unsigned>(boot_id)),
      links(boot_id, 500, *this) {}

void QueueSimulation::Node::join(std::uint64_t consumer, std::vector<std::string> names, bool ack) {
  to_worker.push_back([this, consumer, names, ack] { topics.join(consumer, names, ack); });
}

void QueueSimulation::Node::leave(std::uint64_t consumer, const std::vector<std::uint64_t>& lost) {
  for (const std::uint64_t id : lost) world_.messages[pushed_.at(id)].lost = true;
  to_worker.push_back([this, consumer, lost] { topics.leave(consumer, lost); });
}

void QueueSimulation::Node::pause(std::uint64_t consumer, bool paused) {
  to_worker.push_back([this, consumer, paused] { topics.pause(consumer, paused); });
}

void QueueSimulation::Node::give_back(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) {
  to_worker.push_back([this, consumer, ids] { topics.give_back(consumer, ids); });
}

void QueueSimulation::Node::done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) {
  to_worker.push_back([this, consumer, ids] { topics.done(consumer, ids); });
}

void QueueSimulation::Node::acknowledge(std::uint64_t consumer, const std::vector<std::uint64_t>& ids,
                                        std::function<void(std::size_t)> done) {
  to_worker.push_back([this, consumer, ids, done] {
    to_cluster.push_back([done, count = topics.done(consumer, ids)] { done(count); });
  });
}

void QueueSimulation::Node::take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t) {
  auto message = std::make_shared<QueueMessage>();
  message->id = parcel.id;
  message->data = parcel.data;
  to_worker.push_back([this, consumer, message] { come(consumer, message); });
}

void QueueSimulation::Node::come(ConsumerId id, const QueueMessageRef& message) {
  const auto consumer = consumers.find(id);
  if (consumer != consumers.end()) consumer->second.has.push_back(message);
}

// The first leaves for the consumer; where it acknowledges, it does so.
void QueueSimulation::Node::finish_one(ConsumerId id, Consumer& consumer) {
  const QueueMessageRef message = std::move(consumer.has.front());
  consumer.has.pop_front();
  Message& said = world_.messages[std::stoul(message->data)];
  ++said.came;
  if (QueueId::node(message->id) == number()) {
    const std::size_t count = topics.done(id, {message->id});
    if (consumer.ack) said.acknowledged += static_cast<int>(count);
    return;
  }
  to_cluster.push_back([this, id, message, ack = consumer.ack] {
    if (!ack) return links.settled(QueueId::node(message->id), id, {message->id});
    links.acknowledge(QueueId::node(message->id), id, {message->id}, [this, message](std::size_t count) {
      world_.messages[std::stoul(message->data)].acknowledged += static_cast<int>(count);
    });
  });
}

void QueueSimulation::Node::step() {
  for (auto& [id, consumer] : consumers)
    for (std::uint64_t n = world_.random(4); n > 0 && !consumer.has.empty(); --n) finish_one(id, consumer);
  for (std::deque<std::function<void()>>* box : {&to_worker, &to_cluster})
    for (std::size_t n = box->size(); n > 0; --n) {
      const auto task = std::move(box->front());
      box->pop_front();
      task();
    }
  if (world_.now % kTick == 0) links.on_tick(world_.now);
  links.on_turn();
}

QueueSimulation::~QueueSimulation() = default;

QueueSimulation::Node* QueueSimulation::find(std::uint64_t boot) {
  for (const auto& node : nodes_)
    if (node->boot == boot) return node.get();
  return nullptr;
}

bool QueueSimulation::transmit(std::uint64_t from, std::uint64_t to, std::string_view frame) {
  if (!engine_) return false;
  wire::Type type = wire::Type::heartbeat;
  if (wire::type_of(frame, type)) ++frames[type];
  if (random(1000) < loss_permille) return true;
  std::deque<Flight>& way = flights_[{from, to}];
  const std::int64_t due = now + 1 + static_cast<std::int64_t>(random(kLongestWay));
  way.push_back({way.empty() ? due : std::max(due, way.back().due), std::string(frame)});
  return true;
}

QueueSimulation::Node& QueueSimulation::add() {
  nodes_.push_back(std::make_unique<Node>(*this, next_boot_++));
  Node& fresh = *nodes_.back();
  fresh.links.on_tick(now);
  fresh.links.on_engine(engine_);
  for (const auto& other : nodes_) {
    if (other->boot == fresh.boot) continue;
    fresh.links.on_member(other->boot, other->number());
    other->links.on_member(fresh.boot, fresh.number());
  }
  return fresh;
}

void QueueSimulation::kill(std::size_t index) {
  const std::uint64_t boot = nodes_[index]->boot;
  nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(index));
  for (const auto& other : nodes_)
    later_.emplace(now + kSilence, [this, who = other->boot, boot] {
      if (Node* node = find(who)) node->links.on_member_lost(boot);
    });
}

void QueueSimulation::part(std::size_t one, std::size_t other) {
  const std::uint64_t who = nodes_[one]->boot, whom = nodes_[other]->boot;
  nodes_[one]->links.on_member_lost(whom);
  later_.emplace(now + 300, [this, who, whom] {
    if (find(who) && find(whom)) find(who)->links.on_member(whom, static_cast<unsigned>(whom));
  });
}

void QueueSimulation::set_engine(bool up) {
  if (engine_ == up) return;
  engine_ = up;
  flights_.clear();
  for (const auto& node : nodes_) node->links.on_engine(up);
}

void QueueSimulation::run(std::int64_t ms) {
  for (const std::int64_t end = now + ms; now < end; now += kStep) {
    while (!later_.empty() && later_.begin()->first <= now) {
      const auto task = std::move(later_.begin()->second);
      later_.erase(later_.begin());
      task();
    }
    for (auto& [way, flights] : flights_)
      while (!flights.empty() && flights.front().due <= now) {
        const std::string frame = std::move(flights.front().frame);
        flights.pop_front();
        wire::Type type;
        Node* node = find(way.second);
        if (node && wire::type_of(frame, type) && !node->links.on_frame(type, frame)) std::abort();
      }
    for (const auto& node : nodes_) node->step();
  }
}

void QueueSimulation::push(std::size_t index, const std::string& topic) {
  Node& from = *nodes_[index];
  const std::string text = std::to_string(messages.size());
  messages.push_back({from.boot, topic});
  // Its id is the next of its worker's: known before anybody is given it.
  from.pushed_[QueueId::base(from.number(), 0) | (from.pushed_.size() + 1)] = messages.size() - 1;
  from.topics.push(topic, ClientId(), text);
}

void QueueSimulation::pop(std::size_t index, const std::string& topic, bool ack) {
  Node& at = *nodes_[index];
  const ConsumerId id = consumer_id(at.number(), 0, at.next_consumer_++);
  at.consumers[id].ack = ack;
  at.topics.join(id, {topic}, ack);
  at.to_cluster.push_back([&at, id, topic, ack] { at.links.joined(id, {topic}, ack); });
}

void QueueSimulation::unpop(std::size_t index) {
  Node& at = *nodes_[index];
  if (at.consumers.empty()) return;
  const auto which = std::next(at.consumers.begin(), static_cast<std::ptrdiff_t>(random(at.consumers.size())));
  const ConsumerId id = which->first;
  at.consumers.erase(which);
  at.to_cluster.push_back([&at, id] { at.links.left(id); });
  at.topics.leave(id);
}

void QueueSimulation::expire() {
  for (const auto& node : nodes_) node->topics.expire(std::numeric_limits<std::int64_t>::max());
}

}  // namespace dunlin
