// SPDX-License-Identifier: Apache-2.0
#include "core/worker/cluster_queue.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

namespace dunlin {

void ClusterQueue::serve(const std::vector<WorkerQueue::Neighbour>& neighbours) {
  cluster_.post([this, &neighbours] { neighbours_ = &neighbours; });
  cluster_.attach(links_);
}

// From the workers.

void ClusterQueue::join(ConsumerId consumer, const std::vector<std::string>& topics, bool ack) {
  cluster_.post([this, consumer, topics, ack] { links_.joined(consumer, topics, ack); });
}

void ClusterQueue::leave(ConsumerId consumer) {
  cluster_.post([this, consumer] { links_.left(consumer); });
}

void ClusterQueue::done(unsigned node, ConsumerId consumer, std::vector<std::uint64_t> ids, Queue::AckDone done) {
  cluster_.post([this, node, consumer, ids = std::move(ids), done = std::move(done)]() mutable {
    if (done) links_.acknowledge(node, consumer, std::move(ids), std::move(done));
    else links_.settled(node, consumer, ids);
  });
}

void ClusterQueue::give(ConsumerId consumer, const QueueMessageRef& message) {
  cluster_.post([this, consumer, message] {
    links_.give(consumer, {message->id, message->client.value(), message->topic, message->data});
  });
}

// To the workers. A consumer may have topics on each.

void ClusterQueue::on_each(std::function<void(WorkerQueue&)> task) {
  for (const WorkerQueue::Neighbour& neighbour : *neighbours_)
    neighbour.mailbox->post([queue = neighbour.queue, task] { task(*queue); });
}

template <class Task>
void ClusterQueue::on_owners(const std::vector<std::uint64_t>& ids, Task task) {
  std::vector<std::vector<std::uint64_t>> by_owner(neighbours_->size());
  for (const std::uint64_t id : ids)
    if (QueueId::worker(id) < by_owner.size()) by_owner[QueueId::worker(id)].push_back(id);
  for (unsigned owner = 0; owner < by_owner.size(); ++owner) {
    const WorkerQueue::Neighbour& there = (*neighbours_)[owner];
    if (!by_owner[owner].empty())
      there.mailbox->post([queue = there.queue, some = std::move(by_owner[owner]), task] { task(*queue, some); });
  }
}

void ClusterQueue::join(std::uint64_t consumer, std::vector<std::string> topics, bool ack) {
  std::vector<std::vector<std::string>> by_owner(neighbours_->size());
  for (std::string& topic : topics)
    by_owner[WorkerQueue::owner_of(topic, by_owner.size())].push_back(std::move(topic));
  for (unsigned owner = 0; owner < by_owner.size(); ++owner) {
    const WorkerQueue::Neighbour& there = (*neighbours_)[owner];
    if (!by_owner[owner].empty())
      there.mailbox->post([queue = there.queue, names = std::move(by_owner[owner]), consumer, ack] {
        queue->topics().join(consumer, names, ack);  // another node's always may
      });
  }
}

void ClusterQueue::leave(std::uint64_t consumer, const std::vector<std::uint64_t>& lost) {
  on_each([consumer, lost](WorkerQueue& there) { there.topics().leave(consumer, lost); });
}

void ClusterQueue::pause(std::uint64_t consumer, bool paused) {
  on_each([consumer, paused](WorkerQueue& there) { there.topics().pause(consumer, paused); });
}

void ClusterQueue::give_back(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) {
  on_owners(ids, [consumer](WorkerQueue& there, const std::vector<std::uint64_t>& some) { there.topics().give_back(consumer, some); });
}

void ClusterQueue::done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) {
  on_owners(ids, [consumer](WorkerQueue& there, const std::vector<std::uint64_t>& some) { there.topics().done(consumer, some); });
}

void ClusterQueue::acknowledge(std::uint64_t consumer, const std::vector<std::uint64_t>& ids,
                               std::function<void(std::size_t)> done) {
  struct Gathering {
    std::function<void(std::size_t)> done;
    std::size_t missing, count = 0;
  };
  // Each worker reports once, on this thread, whether it has any of them or not.
  auto all = std::make_shared<Gathering>(Gathering{std::move(done), neighbours_->size()});
  for (unsigned owner = 0; owner < neighbours_->size(); ++owner) {
    std::vector<std::uint64_t> some;
    for (const std::uint64_t id : ids)
      if (QueueId::worker(id) == owner) some.push_back(id);
    (*neighbours_)[owner].mailbox->post([this, queue = (*neighbours_)[owner].queue, consumer, some = std::move(some), all] {
      cluster_.post([all, count = queue->topics().done(consumer, some)] {
        all->count += count;
        if (--all->missing == 0) all->done(all->count);
      });
    });
  }
}

void ClusterQueue::take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) {
  if (worker_of(consumer) >= neighbours_->size()) return;
  auto message = std::make_shared<QueueMessage>();
  message->id = parcel.id;
  message->client = ClientId(parcel.client);
  message->topic = parcel.topic;
  message->data = parcel.data;
  message->node = fmt::format("{:016x}", node);
  const WorkerQueue::Neighbour& there = (*neighbours_)[worker_of(consumer)];
  there.mailbox->post([queue = there.queue, consumer, message = QueueMessageRef(std::move(message))] {
    queue->take(consumer, message);
  });
}

}  // namespace dunlin
