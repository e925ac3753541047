// SPDX-License-Identifier: Apache-2.0
#include "core/hub/topics.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/clock.h"

namespace dunlin {

Topics::Topics(unsigned owner, Limits limits, TopicCount& count, Give give, unsigned node)
    : node_(node), owner_(owner), limits_(limits), count_(count), give_(std::move(give)) {}

Topics::~Topics() = default;

Topics::Topic* Topics::find(std::string_view name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

Topics::Topic& Topics::make(std::string_view name) {
  if (Topic* there = find(name)) return *there;
  auto topic = std::make_unique<Topic>();
  topic->name = name;
  return *topics_.emplace(topic->name, std::move(topic)).first->second;
}

bool Topics::count(Topic& topic) {
  if (topic.counted) return true;
  if (!count_.take()) return false;
  topic.counted = true;
  ++counted_;
  return true;
}

void Topics::drop_if_unused(Topic& topic) {
  if (!topic.waiting.empty() || topic.given > 0 || topic.local > 0) return;
  if (std::exchange(topic.counted, false)) {
    --counted_;
    count_.give_back();
  }
  if (topic.seats.empty()) topics_.erase(topics_.find(topic.name));
}

Topics::Push Topics::push(std::string_view name, ClientId client, std::string_view data) {
  Topic* topic = &make(name);
  if (!count(*topic)) {
    ++refused_topics_;
    drop_if_unused(*topic);
    return {Queue::Pushed::too_many_topics, 0};
  }
  const std::size_t held = topic->waiting.size() + topic->given;
  if (held >= limits_.size || topic->bytes + data.size() > limits_.bytes) {
    ++refused_full_;
    drop_if_unused(*topic);
    return {Queue::Pushed::full, held};
  }
  const std::uint64_t id = QueueId::base(node_, owner_) | next_++;
  auto message = std::make_shared<QueueMessage>();
  message->id = id;
  message->client = client;
  message->topic = name;
  message->data = data;
  topic->waiting.emplace_hint(topic->waiting.end(), id, std::move(message));
  topic->bytes += data.size();
  ++messages_;
  ++pushes_;
  deal_out(*topic);
  return {Queue::Pushed::yes, held + 1};
}

bool Topics::join(ConsumerId id, const std::vector<std::string>& names, bool ack) {
  auto made = std::make_unique<Consumer>(Consumer{.id = id, .ack = ack, .topics = {}, .window = {kAckCredit, limits_.ack_ms}, .given = {}});
  Consumer& consumer = *made;
  consumer.remote = node_of(id) != node_;
  for (const std::string& name : names) {
    Topic& topic = make(name);
    if (!consumer.remote && !count(topic)) {
      ++refused_topics_;
      drop_if_unused(topic);
      for (Topic* joined : consumer.topics) drop_if_unused(*joined);
      return false;
    }
    consumer.topics.push_back(&topic);
  }
  const bool fresh = consumers_.emplace(id, std::move(made)).second;
  CHECK(fresh);
  remote_ += consumer.remote;
  for (Topic* topic : consumer.topics) {
    const std::uint64_t average = topic->seats.empty() ? 0 : topic->served / topic->seats.size();
    topic->seats.push_back({&consumer, average});
    topic->served += average;
    topic->local += !consumer.remote;
  }
  for (Topic* topic : consumer.topics) deal_out(*topic);
  return true;
}

// It is ahead of the average, and others, which have less, are on their way. What those that are slow did not take is not
// owed to them; nor what those did not that other topics keep busy.
bool Topics::must_wait(Topic& topic, const Seat& seat, std::int64_t now) {
  const std::size_t count = topic.seats.size();
  if (seat.served * count <= topic.served + kLead * count) return false;
  const bool long_enough = topic.held && now - topic.held_since >= limits_.slow_ms;
  bool wait = false;
  for (Seat& other : topic.seats) {
    if (other.served >= seat.served || other.consumer->has_credit()) continue;
    const auto& given = other.consumer->given;  // none, where all that it had has expired
    const bool slow = long_enough || other.consumer->paused || given.empty() || now - given.begin()->second.mark.since >= limits_.slow_ms;
    if (!slow) {
      wait = true;
      continue;
    }
    topic.served += seat.served - other.served;
    other.served = seat.served;
  }
  return wait;
}

// Who is next and has credit; who let this message wait too long only when there is nobody else.
Topics::Seat* Topics::whose_turn(Topic& topic, std::uint64_t message, std::int64_t now, bool& held) {
  const auto avoid = topic.avoid.find(message);
  Seat* last_choice = nullptr;
  for (std::size_t i = 0; i < topic.seats.size(); ++i) {
    const std::size_t place = (topic.next + i) % topic.seats.size();
    Seat& one = topic.seats[place];
    if (!one.consumer->has_credit()) continue;
    if (avoid != topic.avoid.end() && avoid->second == one.consumer->id) {
      last_choice = &one;
    } else if (must_wait(topic, one, now)) {
      held = true;
    } else {
      topic.next = place + 1;
      return &one;
    }
  }
  return last_choice;
}

void Topics::deal_out(Topic& topic, std::int64_t now) {
  bool held = false;
  while (!topic.waiting.empty()) {
    held = false;
    Seat* seat = whose_turn(topic, topic.waiting.begin()->first, now, held);
    if (!seat) break;
    give(topic, *seat, now);
  }
  held &= !topic.waiting.empty();
  if (held && !topic.held) topic.held_since = now;
  topic.held = held;
  if (held && held_) held_();
}

void Topics::retry(std::int64_t now) {
  for (const auto& [name, topic] : topics_)
    if (topic->held) deal_out(*topic, now);
}

void Topics::give(Topic& topic, Seat& seat, std::int64_t now) {
  Consumer& consumer = *seat.consumer;
  const auto first = topic.waiting.begin();
  const QueueMessageRef message = std::move(first->second);
  topic.waiting.erase(first);
  topic.avoid.erase(message->id);
  ++topic.given;
  ++topic.served;
  ++seat.served;
  consumer.bytes += message->data.size();
  const auto mark = consumer.ack ? consumer.window.gave(message->id, now) : AckWindow<Topic*>::Mark{.since = now};
  consumer.given.emplace(message->id, Given{message, &topic, mark});
  if (consumer.ack) ++unacknowledged_;
  give_(consumer.id, message);
}

std::size_t Topics::done(ConsumerId id, const std::vector<std::uint64_t>& messages) {
  const auto consumer = consumers_.find(id);
  if (consumer == consumers_.end()) return 0;
  const bool ack = consumer->second->ack;
  const std::int64_t now = ack ? steady_ms() : 0;
  std::size_t count = 0;
  for (const std::uint64_t message : messages) {
    const auto given = consumer->second->given.find(message);
    if (given == consumer->second->given.end()) {
      count += ack && settle_late(*consumer->second, message, now);
      continue;
    }
    if (ack) consumer->second->window.acknowledged(given->second.mark, consumer->second->given.size(), now);
    Topic& topic = *given->second.topic;
    const std::size_t size = given->second.message->data.size();
    --topic.given;
    topic.bytes -= size;
    consumer->second->bytes -= size;
    --messages_;
    if (ack) --unacknowledged_;
    consumer->second->given.erase(given);
    ++count;
  }
  done_ += count;
  if (count > 0 || ack)
    for (Topic* topic : consumer->second->topics) {
      deal_out(*topic);
      drop_if_unused(*topic);
    }
  return count;
}

// Its time was over, but nobody else has been given it: then it is done with.
bool Topics::settle_late(Consumer& consumer, std::uint64_t message, std::int64_t now) {
  const auto topic = consumer.window.late(message, now);
  if (!topic) return false;
  const auto waiting = (*topic)->waiting.find(message);
  if (waiting == (*topic)->waiting.end()) return false;
  (*topic)->bytes -= waiting->second->data.size();
  (*topic)->waiting.erase(waiting);
  (*topic)->avoid.erase(message);
  --messages_;
  ++late_;
  return true;
}

// Into its old place in the topic.
void Topics::take_back(Consumer& consumer, Given& given) {
  --given.topic->given;
  consumer.bytes -= given.message->data.size();
  if (consumer.ack) --unacknowledged_;
  const std::uint64_t id = given.message->id;
  given.topic->waiting.emplace(id, std::move(given.message));
}

void Topics::leave(ConsumerId id, const std::vector<std::uint64_t>& lost) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  found->second->paused = true;
  const std::uint64_t popped = done_;
  lost_ += done(id, lost);
  done_ = popped;  // nobody did
  const std::unique_ptr<Consumer> consumer = std::move(found->second);
  consumers_.erase(found);
  remote_ -= consumer->remote;
  returned_ += consumer->given.size();
  for (auto& [message, given] : consumer->given) take_back(*consumer, given);
  for (Topic* topic : consumer->topics) {
    std::erase_if(topic->seats, [&](const Seat& seat) {
      if (seat.consumer != consumer.get()) return false;
      topic->served -= seat.served;
      return true;
    });
    topic->local -= !consumer->remote;
    deal_out(*topic);
    drop_if_unused(*topic);
  }
}

void Topics::pause(ConsumerId id, bool paused) {
  const auto consumer = consumers_.find(id);
  if (consumer == consumers_.end()) return;
  consumer->second->paused = paused;
  if (!paused)
    for (Topic* topic : consumer->second->topics) deal_out(*topic);
}

void Topics::give_back(ConsumerId id, const std::vector<std::uint64_t>& messages) {
  const auto consumer = consumers_.find(id);
  if (consumer == consumers_.end()) return;
  for (const std::uint64_t message : messages) {
    const auto given = consumer->second->given.find(message);
    if (given == consumer->second->given.end()) continue;
    take_back(*consumer->second, given->second);
    consumer->second->given.erase(given);
    ++unsent_;
  }
  for (Topic* topic : consumer->second->topics) deal_out(*topic);
}

void Topics::expire(std::int64_t now) {
  std::vector<Topic*> touched;
  owing_ = 0;
  for (auto& [id, consumer] : consumers_) {
    if (!consumer->ack) continue;
    for (auto given = consumer->given.begin(); given != consumer->given.end();) {
      if (given->second.mark.since + limits_.ack_ms > now) {
        ++given;
        continue;
      }
      Topic& topic = *given->second.topic;
      topic.avoid[given->first] = id;
      consumer->window.expired(given->first, given->second.mark, &topic, now);
      take_back(*consumer, given->second);
      given = consumer->given.erase(given);
      ++expired_;
      touched.push_back(&topic);
    }
    if (consumer->window.forgive(now)) touched.insert(touched.end(), consumer->topics.begin(), consumer->topics.end());
    owing_ += consumer->window.owes();
  }
  for (Topic* topic : touched) deal_out(*topic);
}

void Topics::collect(std::vector<Sample>& out) const {
  const auto add = [&](const char* name, const char* help, MetricType type, std::uint64_t value, const char* label = nullptr) {
    Sample sample{.name = name, .help = help, .type = type, .labels = {}, .value = static_cast<double>(value), .buckets = {}};
    if (label) sample.labels.emplace_back("reason", label);
    out.push_back(std::move(sample));
  };
  std::size_t given = 0;
  for (const auto& [name, topic] : topics_) given += topic->given;
  add("dunlin_queue_topics", "Topics with a message or a consumer", MetricType::gauge, counted_);
  add("dunlin_queue_consumers", "Consumers, counted on each worker that owns a topic of theirs", MetricType::gauge, consumers_.size() - remote_);
  add("dunlin_queue_remote_consumers", "Consumers of other nodes, counted likewise", MetricType::gauge, remote_);
  add("dunlin_queue_messages", "Messages in topics, those under way to consumers included", MetricType::gauge, messages_);
  add("dunlin_queue_underway", "Messages under way to consumers, or not acknowledged yet", MetricType::gauge, given);
  add("dunlin_queue_pushes_total", "Messages pushed to topics", MetricType::counter, pushes_);
  add("dunlin_queue_pops_total", "Messages that consumers are done with", MetricType::counter, done_);
  add("dunlin_queue_returned_total", "Messages that went back to their topic", MetricType::counter, returned_, "consumer_left");
  add("dunlin_queue_returned_total", "Messages that went back to their topic", MetricType::counter, expired_, "not_acknowledged");
  add("dunlin_queue_returned_total", "Messages that went back to their topic", MetricType::counter, unsent_, "not_sent");
  add("dunlin_queue_late_total", "Messages acknowledged after their time, and before another had them", MetricType::counter, late_);
  add("dunlin_queue_lost_total", "Messages whose fate at another node is unknown; they are not given out again", MetricType::counter, lost_, "node_lost");
  add("dunlin_queue_refused_total", "Pushes and pops that were refused", MetricType::counter, refused_full_, "full");
  add("dunlin_queue_refused_total", "Pushes and pops that were refused", MetricType::counter, refused_topics_, "too_many_topics");
}

}  // namespace dunlin
