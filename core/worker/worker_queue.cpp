// SPDX-License-Identifier: Apache-2.0
#include "core/worker/worker_queue.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/clock.h"

namespace dunlin {
namespace {

constexpr std::int64_t kShortestWatch = 20;

}  // namespace

WorkerQueue::WorkerQueue(unsigned self, const std::vector<Neighbour>& neighbours, Loop& loop, TimerWheel& wheel,
                         Millis deadline, Topics::Limits limits, TopicCount& count, unsigned node, RemoteQueue* remote)
    : self_(self), node_(node), remote_(remote), neighbours_(neighbours), loop_(loop), wheel_(wheel), deadline_(deadline), ack_ms_(limits.ack_ms),
      topics_(self, limits, count, [this](ConsumerId consumer, const QueueMessageRef& message) { give(consumer, message); }, node),
      watch_([this] {
        topics_.expire(steady_ms());
        watch();
      }),
      held_([this] { topics_.retry(steady_ms()); }) {
  topics_.on_held([this, slow = Millis(limits.slow_ms)] {
    if (!held_.active()) wheel_.start(held_, slow);
  });
}

template <class Task>
void WorkerQueue::on(unsigned worker, Task task) {
  if (worker == self_) return task(*this);
  WorkerQueue* queue = neighbours_[worker].queue;
  neighbours_[worker].mailbox->post([queue, task = std::move(task)]() mutable { task(*queue); });
}

// Looks again after a part of the time: an acknowledgement is late by a quarter at most.
void WorkerQueue::watch() {
  if (topics_.awaits_acknowledgement() && !watch_.active())
    wheel_.start(watch_, Millis(std::max(ack_ms_ / 4, kShortestWatch)));
}

void WorkerQueue::push(std::string_view topic, ClientId client, std::string_view data, PushDone done) {
  const unsigned owner = owner_of(topic, neighbours_.size());
  if (owner == self_) {
    const Topics::Push outcome = topics_.push(topic, client, data);
    if (done) done(outcome.pushed, outcome.waiting);
    return;
  }
  std::uint64_t ticket = 0;  // 0: nobody wants to know
  if (done) {
    ticket = next_push_++;
    auto& pending = *(pushes_[ticket] = std::make_unique<PendingPush>());
    pending.done = std::move(done);
    pending.deadline.on_fire([this, ticket] { pushed(ticket, {Pushed::timeout, 0}); });
    wheel_.start(pending.deadline, deadline_);
  }
  on(owner, [asker = self_, ticket, client, name = std::string(topic), text = std::string(data)](WorkerQueue& there) {
    const Topics::Push outcome = there.topics_.push(name, client, text);
    if (ticket) there.on(asker, [ticket, outcome](WorkerQueue& here) { here.pushed(ticket, outcome); });
  });
}

void WorkerQueue::pushed(std::uint64_t ticket, Topics::Push outcome) {
  const auto found = pushes_.find(ticket);
  if (found == pushes_.end()) return;  // too late: answered already
  const std::unique_ptr<PendingPush> finished = std::move(found->second);
  pushes_.erase(found);
  finished->done(outcome.pushed, outcome.waiting);
}

ConsumerId WorkerQueue::pop(QueueConsumer& to, const std::vector<std::string>& topics, bool ack, PopDone done) {
  const ConsumerId id = consumer_id(node_, self_, next_consumer_++);
  std::vector<std::vector<std::string>> by_owner(neighbours_.size());
  for (const std::string& topic : topics) by_owner[owner_of(topic, by_owner.size())].push_back(topic);
  Consumer& consumer = consumers_[id];
  consumer.to = &to;
  consumer.ack = ack;
  if (remote_) consumer.topics = topics;
  consumer.done = std::move(done);
  for (unsigned owner = 0; owner < by_owner.size(); ++owner)
    if (!by_owner[owner].empty()) consumer.owners.push_back(owner);
  consumer.missing = consumer.owners.size();
  const std::vector<unsigned> owners = consumer.owners;
  for (const unsigned owner : owners)
    on(owner, [asker = self_, id, ack, names = std::move(by_owner[owner])](WorkerQueue& there) {
      const bool joined = there.topics_.join(id, names, ack);
      there.watch();
      there.on(asker, [id, joined](WorkerQueue& here) { here.opened(id, joined); });
    });
  return id;
}

void WorkerQueue::opened(ConsumerId id, bool joined) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  found->second.failed |= !joined;
  if (--found->second.missing > 0) return;
  // Not from inside pop(), and the answer before the first message.
  loop_.defer([this, id] { finish_open(id); });
}

void WorkerQueue::finish_open(ConsumerId id) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  const PopDone done = std::exchange(found->second.done, nullptr);
  const bool failed = found->second.failed;
  if (failed) unpop(id);
  else if (remote_) remote_->join(id, found->second.topics, found->second.ack);
  done(!failed);
  // `done` may have ended it.
  const auto still = consumers_.find(id);
  if (still == consumers_.end()) return;
  for (const QueueMessageRef& message : std::exchange(still->second.early, {})) still->second.to->on_queue_message(message);
}

void WorkerQueue::give(ConsumerId consumer, const QueueMessageRef& message) {
  watch();
  if (node_of(consumer) != node_) return remote_->give(consumer, message);
  on(worker_of(consumer), [consumer, message](WorkerQueue& there) { there.take(consumer, message); });
}

void WorkerQueue::take(ConsumerId id, const QueueMessageRef& message) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;  // it left: its owner hears that, or has, and gives the message to others
  if (found->second.done || !found->second.early.empty()) {
    found->second.early.push_back(message);
  } else {
    found->second.to->on_queue_message(message);
  }
}

// In turns with what comes from other workers: a consumer of the topic's own worker is not to be served again before
// those of others have been.
void WorkerQueue::settle_own() {
  for (const Settled& some : std::exchange(settled_, {})) topics_.done(some.consumer, some.ids);
}

void WorkerQueue::settle(ConsumerId consumer, const std::vector<std::uint64_t>& ids) {
  acknowledge(consumer, ids, nullptr);
}

void WorkerQueue::acknowledge(ConsumerId consumer, const std::vector<std::uint64_t>& ids, AckDone done) {
  std::vector<std::vector<std::uint64_t>> by_owner(neighbours_.size());
  std::map<unsigned, std::vector<std::uint64_t>> by_node;
  for (const std::uint64_t id : ids)
    if (QueueId::node(id) != node_ && remote_) by_node[QueueId::node(id)].push_back(id);
    else if (Topics::owner_of(id) < by_owner.size()) by_owner[Topics::owner_of(id)].push_back(id);
  const auto asked = by_node.size() + static_cast<std::size_t>(std::count_if(
      by_owner.begin(), by_owner.end(), [](const auto& some) { return !some.empty(); }));
  if (asked == 0) {
    if (done) done(0);
    return;
  }
  std::shared_ptr<Acknowledging> all;
  if (done) all = std::make_shared<Acknowledging>(Acknowledging{std::move(done), asked});
  for (auto& [node, some] : by_node) {
    AckDone answered;
    if (all) {
      // Kept here, so that it is touched and destroyed on its own worker only.
      const std::uint64_t ticket = next_ack_++;
      acks_.emplace(ticket, all);
      answered = [this, ticket](std::size_t count) {
        neighbours_[self_].mailbox->post([this, ticket, count] {
          if (const auto part = acks_.extract(ticket)) part.mapped()->add(count);
        });
      };
    }
    remote_->done(node, consumer, std::move(some), std::move(answered));
  }
  for (unsigned owner = 0; owner < by_owner.size(); ++owner) {
    if (by_owner[owner].empty()) continue;
    if (owner == self_ && !all) {
      settled_.push_back({consumer, std::move(by_owner[owner])});
      if (settled_.size() == 1) neighbours_[self_].mailbox->post([this] { settle_own(); });
      continue;
    }
    on(owner, [asker = self_, consumer, all, some = std::move(by_owner[owner])](WorkerQueue& there) mutable {
      const std::size_t count = there.topics_.done(consumer, some);
      if (!all) return;
      // Handed back whole, so that it is touched and destroyed on its own worker only.
      there.on(asker, [all = std::move(all), count](WorkerQueue&) { all->add(count); });
    });
  }
}

void WorkerQueue::unpop(ConsumerId id) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  settle_own();  // what it is done with must not come to others
  const Consumer consumer = std::move(found->second);
  consumers_.erase(found);
  if (remote_) remote_->leave(id);
  for (const unsigned owner : consumer.owners) on(owner, [id](WorkerQueue& there) { there.topics_.leave(id); });
  if (consumer.done) loop_.defer([done = consumer.done] { done(true); });
}

}  // namespace dunlin
