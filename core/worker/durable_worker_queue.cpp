// SPDX-License-Identifier: Apache-2.0
#include "core/worker/durable_worker_queue.h"

#include <utility>

#include <fmt/format.h>

namespace dunlin {
namespace {

Queue::Pushed pushed(DurableQueue::Pushed outcome) {
  switch (outcome) {
    case DurableQueue::Pushed::yes: return Queue::Pushed::yes;
    case DurableQueue::Pushed::full: return Queue::Pushed::full;
    case DurableQueue::Pushed::timeout: return Queue::Pushed::timeout;
    case DurableQueue::Pushed::too_large: return Queue::Pushed::too_large;
    case DurableQueue::Pushed::unavailable: break;
  }
  return Queue::Pushed::unavailable;
}

}  // namespace

void DurableWorkerQueue::push(std::string_view topic, ClientId client, std::string_view data, PushDone done) {
  DurableQueue::PushDone report;
  const std::uint64_t ticket = next_++;
  if (done) {
    pushes_.emplace(ticket, std::move(done));
    report = [this, ticket](DurableQueue::Pushed outcome, std::size_t waiting) {
      mailbox_.post([this, ticket, outcome, waiting] {
        if (const auto push = pushes_.extract(ticket)) push.mapped()(pushed(outcome), waiting);
      });
    };
  }
  const bool taken = shared_->on_queue(topic.size() + data.size(),
                                       [name = std::string(topic), client, text = std::string(data), report](DurableQueue& queue) {
                                         queue.push(name, client.value(), text, report);
                                       });
  if (taken) return;
  if (const auto push = pushes_.extract(ticket)) push.mapped()(Pushed::unavailable, 0);
}

ConsumerId DurableWorkerQueue::pop(QueueConsumer& consumer, const std::vector<std::string>& topics, bool ack, PopDone done) {
  const ConsumerId id = consumer_id(node_, self_, next_consumer_++);
  consumers_[id] = &consumer;
  // Not from inside pop(), and the answer before the first message.
  loop_.defer([this, id, topics, ack, done = std::move(done)] {
    done(true);
    if (consumers_.contains(id)) shared_->on_queue(0, [id, topics, ack](DurableQueue& queue) { queue.join(id, topics, ack); });
  });
  return id;
}

void DurableWorkerQueue::acknowledge(ConsumerId consumer, const std::vector<std::uint64_t>& ids, AckDone done) {
  DurableQueue::AckDone report;
  const std::uint64_t ticket = next_++;
  if (done) {
    acks_.emplace(ticket, std::move(done));
    report = [this, ticket](std::size_t count) {
      mailbox_.post([this, ticket, count] {
        if (const auto ack = acks_.extract(ticket)) ack.mapped()(count);
      });
    };
  }
  if (shared_->on_queue(0, [consumer, ids, report](DurableQueue& queue) { queue.done(consumer, ids, report); })) return;
  if (const auto ack = acks_.extract(ticket)) ack.mapped()(0);
}

void DurableWorkerQueue::unpop(ConsumerId consumer) {
  if (consumers_.erase(consumer) > 0) shared_->on_queue(0, [consumer](DurableQueue& queue) { queue.leave(consumer); });
}

void DurableWorkerQueue::take(ConsumerId consumer, const QueueMessageRef& message) {
  const auto found = consumers_.find(consumer);
  if (found != consumers_.end()) found->second->on_queue_message(message);  // who has left has given it back
}

Status DurableTopics::serve(std::vector<DurableWorkerQueue::Neighbour> neighbours) {
  neighbours_ = std::move(neighbours);
  const Status listening = nats_.listen(queue_.inbox(), [this](NatsEngine::Answer answer) {
    cluster_.post([this, answer = std::move(answer)] { queue_.received(answer.subject, answer.reply, answer.status, answer.data); });
  });
  if (listening) cluster_.attach(*this);
  return listening;
}

void DurableTopics::take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) {
  auto message = std::make_shared<QueueMessage>();
  message->id = parcel.id;
  message->client = ClientId(parcel.client);
  message->topic = parcel.topic;
  message->data = parcel.data;
  message->node = fmt::format("{:016x}", node);
  const DurableWorkerQueue::Neighbour& there = neighbours_[worker_of(consumer)];
  there.mailbox->post([queue = there.queue, consumer, message = QueueMessageRef(std::move(message))] { queue->take(consumer, message); });
}

}  // namespace dunlin
