// SPDX-License-Identifier: Apache-2.0
// Messages on their way from JetStream to this node's consumers, and what they have become there.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/json.h"
#include "core/mesh/durable_queue.h"
#include "core/mesh/interest.h"

namespace dunlin {
namespace {

constexpr std::size_t kCredit = 64, kAckCredit = 1024;  // as hub/topics.h has them
constexpr std::size_t kBatch = 256;
constexpr std::int64_t kPullFor = 5000;                    // then it is asked for anew …
constexpr std::int64_t kHeartbeat = 1000, kQuiet = 2500;   // … as it is when JetStream says nothing for so long
constexpr std::int64_t kTellAgain = 1000;
constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

std::size_t DurableQueue::Consumer::credit() const {
  return ack ? window.room(given.size()) : kCredit - std::min(kCredit, given.size());
}

void DurableQueue::join(std::uint64_t id, const std::vector<std::string>& names, bool ack) {
  Consumer& consumer = consumers_.try_emplace(id, Consumer{ack, {kAckCredit, settings_.ack_ms}, {}, {}}).first->second;
  for (const std::string& name : names) {
    auto& topic = topics_[name];
    const bool fresh = !topic;
    if (fresh) {
      topic = std::make_unique<Topic>();
      topic->name = name;
      topic->subject = subject_of(name);
      topic->durable = fmt::format("t{:016x}", channel_hash(name));
      subjects_[topic->subject] = topic.get();
    }
    topic->consumers.push_back(id);
    consumer.topics.push_back(topic.get());
    if (fresh && ready_) make_consumer(*topic);
    else pull(*topic);
  }
  figures_.consumers = consumers_.size();
}

void DurableQueue::pull(Topic& topic) {
  if (!up_ || !topic.ready) return;
  std::size_t room = 0, asked = 0;
  for (const std::uint64_t id : topic.consumers) room += consumers_.at(id).credit();
  for (const auto& [number, one] : topic.pulls) asked += one.left;
  room = std::min(room, kBatch);
  if (room == 0 || asked * 2 > room) return;
  const std::uint64_t number = next_++;
  const std::string body =
      fmt::format(R"({{"batch":{},"expires":{},"idle_heartbeat":{}}})", room - asked, kPullFor * kMillion, kHeartbeat * kMillion);
  if (!host_.publish(fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", stream_, topic.durable), ends_ + std::to_string(number), body)) return;
  topic.pulls[number] = {room - asked, now_};
  pulls_[number] = &topic;
}

// A server that dies says nothing: what it was asked for is asked of its successor.
void DurableQueue::pull_again(Topic& topic) {
  std::erase_if(topic.pulls, [this](const auto& row) { return now_ - row.second.heard >= kQuiet && pulls_.erase(row.first) > 0; });
  pull(topic);
}

// 100: JetStream still has it. Of another nothing more comes.
void DurableQueue::pull_status(std::uint64_t number, std::string_view status) {
  const auto row = pulls_.find(number);
  if (row == pulls_.end()) return;
  Topic& topic = *row->second;
  if (status == "100") {
    topic.pulls.at(number).heard = now_;
    return;
  }
  topic.pulls.erase(number);
  pulls_.erase(row);
  if (status != "408" && status != "404") topic.ready = false;  // its consumer may be gone: it is made again
  pull(topic);
}

std::uint64_t DurableQueue::whose_turn(Topic& topic) {
  for (std::size_t i = 0; i < topic.consumers.size(); ++i) {
    const std::size_t place = (topic.next + i) % topic.consumers.size();
    if (consumers_.at(topic.consumers[place]).credit() == 0) continue;
    topic.next = place + 1;
    return topic.consumers[place];
  }
  return 0;
}

void DurableQueue::message(Topic* topic, const std::string& reply, std::string_view data) {
  if (topic && !topic->pulls.empty()) {
    for (auto& [number, one] : topic->pulls) one.heard = now_;
    const auto oldest = topic->pulls.begin();  // JetStream serves pulls one after another
    if (--oldest->second.left == 0) {
      pulls_.erase(oldest->first);
      topic->pulls.erase(oldest);
    }
  }
  const jetstream::Origin origin = jetstream::origin_of(reply);
  if (known(origin, reply)) return;
  if (origin.sequence == 0 || data.size() < 16 || !is_utf8(data.substr(16))) {
    log_.warn("a message of the stream is none of ours; it is removed", {{"stream", stream_}});
    host_.publish(reply, "", "+TERM");
    return;
  }
  const std::uint64_t consumer = topic ? whose_turn(*topic) : 0;
  if (consumer == 0) host_.publish(reply, "", "-NAK");  // whom it was asked for has left
  else give(*topic, consumer, origin, reply, data);
}

// Whether it has come before: JetStream was not told in time that it is being worked on, or lost what it was told.
bool DurableQueue::known(jetstream::Origin origin, const std::string& reply) {
  if (const auto there = settled_.find(origin.sequence); there != settled_.end()) {
    if (there->second.time == origin.time) {
      there->second.reply = reply;
      acknowledge(origin.sequence);
      return true;
    }
    settled(origin.sequence, false);  // the stream that it was of is no more
    settled_.erase(origin.sequence);
  }
  const auto there = given_.find(origin.sequence);
  if (there == given_.end()) return false;
  if (there->second.time == origin.time) {
    there->second.reply = reply;
    return true;
  }
  consumers_.at(there->second.consumer).given.erase(origin.sequence);
  given_.erase(there);
  return false;
}

void DurableQueue::give(Topic& topic, std::uint64_t consumer, jetstream::Origin origin, const std::string& reply, std::string_view data) {
  wire::Reader reader(data.substr(0, 16));
  std::uint64_t client = 0, node = 0;
  reader(client), reader(node);
  Consumer& one = consumers_.at(consumer);
  one.given.insert(origin.sequence);
  Given given{consumer, reply, origin.time, 0, now_, {}};
  if (one.ack) given.due = now_ + settings_.ack_ms, given.mark = one.window.gave(origin.sequence, now_);
  given_.emplace(origin.sequence, std::move(given));
  figures_.underway = given_.size();
  host_.take(consumer, {origin.sequence, client, topic.name, data.substr(16)}, node);
  pull(topic);
}

void DurableQueue::done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids, AckDone done) {
  struct Gathering {
    AckDone done;
    std::size_t missing, count = 0;
    void add(std::size_t one) {
      count += one;
      if (--missing == 0) done(count);
    }
  };
  const auto found = consumers_.find(consumer);
  std::shared_ptr<Gathering> all;
  if (done) all = std::make_shared<Gathering>(Gathering{std::move(done), ids.size() + 1});
  for (const std::uint64_t id : ids) {
    Late what;
    if (found == consumers_.end() || !take_done(found->second, id, what)) {
      if (all) all->add(0);
      continue;
    }
    ++figures_.pops;
    Settled& one = settled_[id];
    one = {std::move(what.reply), what.time, now_, 0, {}};
    if (all) one.confirmed = [all](bool confirmed) { all->add(confirmed ? 1 : 0); };
    acknowledge(id);
  }
  if (all) all->add(0);
  figures_.underway = given_.size();
  if (found != consumers_.end())
    for (Topic* topic : found->second.topics) pull(*topic);
}

// Also of one whose time was over, if nobody at this node has been given it since. Where another node's consumer has, it is
// done with by both.
bool DurableQueue::take_done(Consumer& consumer, std::uint64_t id, Late& out) {
  if (consumer.given.contains(id)) {
    const auto given = given_.extract(id);
    out = {std::move(given.mapped().reply), given.mapped().time};
    if (consumer.ack) consumer.window.acknowledged(given.mapped().mark, consumer.given.size(), now_);
    consumer.given.erase(id);
    return true;
  }
  auto late = consumer.ack ? consumer.window.late(id, now_) : std::nullopt;
  if (!late || given_.contains(id) || settled_.contains(id)) return false;
  out = std::move(*late);
  ++figures_.late;
  return true;
}

// Asks for an answer: a server that dies takes along what it was only told. Whoever waits does not wait for NATS to come back.
void DurableQueue::acknowledge(std::uint64_t id) {
  Settled& one = settled_.at(id);
  one.told = now_;
  const bool sent = request(one.reply, "+ACK", kTellAgain, [this, id, time = one.time](std::string_view status, std::string_view) {
    const auto there = settled_.find(id);
    if (!status.empty() || there == settled_.end() || there->second.time != time) return;  // it is told again
    settled(id, true);
    settled_.erase(id);
  });
  if (!sent) settled(id, false);
}

void DurableQueue::settled(std::uint64_t id, bool confirmed) {
  if (const auto done = std::exchange(settled_.at(id).confirmed, {})) done(confirmed);
}

// Until JetStream has given it to another, and some time longer: it may still be spared a third.
void DurableQueue::acknowledge_again() {
  for (auto row = settled_.begin(); row != settled_.end();) {
    const auto& [id, one] = *row++;
    if (now_ - one.since >= settings_.deadline_ms) settled(id, false);
    if (now_ - one.since >= settings_.ack_ms + settings_.deadline_ms) settled_.erase(id);
    else if (up_ && now_ - one.told >= kTellAgain) acknowledge(id);
  }
}

void DurableQueue::give_back(std::uint64_t id) {
  const auto given = given_.find(id);
  if (up_) host_.publish(given->second.reply, "", "-NAK");  // otherwise its time runs out there
  given_.erase(given);
}

void DurableQueue::leave(std::uint64_t id) {
  const auto found = consumers_.find(id);
  if (found == consumers_.end()) return;
  const Consumer consumer = std::move(found->second);
  consumers_.erase(found);
  figures_.left += consumer.given.size();
  for (const std::uint64_t message : consumer.given) give_back(message);
  for (Topic* topic : consumer.topics) {
    std::erase(topic->consumers, id);
    if (!topic->consumers.empty()) continue;
    for (const auto& [number, one] : topic->pulls) pulls_.erase(number);
    subjects_.erase(topic->subject);
    topics_.erase(topics_.find(topic->name));
  }
  figures_.underway = given_.size();
  figures_.consumers = consumers_.size();
}

void DurableQueue::expire_given() {
  std::vector<std::uint64_t> expired;
  for (auto& [id, one] : given_) {
    if (one.due != 0 && one.due <= now_) {
      expired.push_back(id);
    } else if (up_ && now_ - one.told >= settings_.ack_ms / 3) {
      one.told = now_;
      host_.publish(one.reply, "", "+WPI");
    }
  }
  figures_.expired += expired.size();
  for (const std::uint64_t id : expired) {
    const Given& one = given_.at(id);
    Consumer& consumer = consumers_.at(one.consumer);
    consumer.window.expired(id, one.mark, {one.reply, one.time}, now_);
    consumer.given.erase(id);
    give_back(id);
  }
  for (auto& [id, one] : consumers_) one.window.forgive(now_);
  figures_.underway = given_.size();
}

}  // namespace dunlin
