// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/durable_queue.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/base/json.h"
#include "core/mesh/interest.h"

namespace dunlin {
namespace {

constexpr std::size_t kCredit = 64, kAckCredit = 1024;  // as hub/topics.h has them
constexpr std::size_t kBatch = 256;
constexpr std::int64_t kPullFor = 5000, kGrace = 2000;  // then it is asked for anew
constexpr std::int64_t kPushFor = 5000, kAskAgain = 1000, kAnswerFor = 5000;
constexpr std::int64_t kMillion = 1'000'000;
constexpr int kNoRoom[] = {10077, 10047, 10023, 10025};  // messages a subject, storage, resources
constexpr int kTooLarge = 10054, kOtherSettings = 10058;

std::string flat(std::string_view prefix) {
  std::string out(prefix);
  std::replace(out.begin(), out.end(), '.', '_');
  return out;
}

int error_in(const json::Document& answer) {
  const json::Value* error = answer.IsObject() ? json::member(answer, "error") : nullptr;
  const json::Value* code = error && error->IsObject() ? json::member(*error, "err_code") : nullptr;
  return !error ? 0 : code && code->IsInt() ? code->GetInt() : -1;
}

// $JS.ACK[.domain.account].stream.consumer.delivered.SEQUENCE.sequence.time.pending[.random]
std::uint64_t sequence_of(std::string_view reply) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t dot = reply.find('.');
    tokens.push_back(reply.substr(0, dot));
    if (dot == std::string_view::npos) break;
    reply.remove_prefix(dot + 1);
  }
  const std::size_t place = tokens.size() == 9 ? 5 : 7;
  std::uint64_t sequence = 0;
  if (tokens.size() >= 9) std::from_chars(tokens[place].data(), tokens[place].data() + tokens[place].size(), sequence);
  return sequence;
}

std::uint64_t number_behind(std::string_view subject, std::size_t prefix) {
  std::uint64_t number = 0;
  if (subject.size() > prefix) std::from_chars(subject.data() + prefix, subject.data() + subject.size(), number);
  return number;
}

}  // namespace

std::size_t DurableQueue::Consumer::credit() const {
  const std::size_t most = ack ? kAckCredit : kCredit;
  return most - std::min(most, given.size());
}

DurableQueue::DurableQueue(Settings settings, DurableQueueHost& host, Log& log)
    : settings_(std::move(settings)), host_(host), log_(log), stream_(flat(settings_.prefix) + "_queue"),
      inbox_(fmt::format("{}.js.{:016x}.>", settings_.prefix, settings_.boot)),
      answers_(fmt::format("{}.js.{:016x}.a.", settings_.prefix, settings_.boot)),
      ends_(fmt::format("{}.js.{:016x}.m.", settings_.prefix, settings_.boot)), topics_prefix_(settings_.prefix + ".queue.") {}

// A topic may have any bytes; a token of a subject may not.
std::string DurableQueue::subject_of(std::string_view topic) const {
  std::string subject = topics_prefix_;
  for (const char c : topic) subject += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return subject;
}

bool DurableQueue::request(const std::string& subject, std::string_view data, std::int64_t at_most,
                           std::function<void(std::string_view, std::string_view)> done) {
  const std::uint64_t ticket = next_++;
  if (!up_ || !host_.publish(subject, answers_ + std::to_string(ticket), data)) return false;
  requests_.emplace(ticket, Request{now_ + at_most, std::move(done)});
  return true;
}

void DurableQueue::on_engine(bool up) {
  up_ = up;
  ready_ = false;
  figures_.ready = 0;
  for (auto& [name, topic] : topics_) topic->ready = false, topic->pulls.clear();
  pulls_.clear();
  if (!up) return;
  asked_ = 0;
  make_stream("CREATE");
}

// Creating what is there with the same settings is no error; with others, they are changed.
void DurableQueue::make_stream(const char* verb) {
  asked_ = now_;
  const std::string config = fmt::format(
      R"({{"name":"{}","subjects":["{}.queue.*"],"retention":"workqueue","storage":"file","discard":"new",)"
      R"("discard_new_per_subject":true,"max_msgs_per_subject":{},"max_msgs":-1,"max_bytes":-1,"max_age":0,)"
      R"("max_consumers":-1,"num_replicas":{}}})",
      stream_, settings_.prefix, settings_.size, settings_.replicas);
  request(fmt::format("$JS.API.STREAM.{}.{}", verb, stream_), config, kAnswerFor, [this, verb](std::string_view status, std::string_view data) {
    const auto answer = json::parse(data);
    const int error = status.empty() && answer ? error_in(*answer) : -1;
    if (error == 0) {
      ready_ = true;
      figures_.ready = 1;
      complained_ = false;
      log_.info("durable topics are kept by JetStream", {{"stream", stream_}});
      for (auto& [name, topic] : topics_) make_consumer(*topic);
    } else if (error == kOtherSettings && std::string_view(verb) == "CREATE") {
      make_stream("UPDATE");
    } else if (!std::exchange(complained_, true)) {
      log_.error("JetStream does not keep the durable topics; trying on", {{"stream", stream_}, {"status", status}, {"answer", data}});
    }
  });
}

void DurableQueue::make_consumer(Topic& topic) {
  topic.asked = now_;
  const std::string config = fmt::format(
      R"({{"stream_name":"{}","config":{{"durable_name":"{}","ack_policy":"explicit","ack_wait":{},"deliver_policy":"all",)"
      R"("filter_subject":"{}","replay_policy":"instant","max_deliver":-1,"max_ack_pending":65536,"max_waiting":4096}}}})",
      stream_, topic.durable, settings_.ack_ms * kMillion, topic.subject);
  request(fmt::format("$JS.API.CONSUMER.DURABLE.CREATE.{}.{}", stream_, topic.durable), config, kAnswerFor,
          [this, name = topic.name](std::string_view status, std::string_view data) {
            const auto found = topics_.find(name);
            const auto answer = json::parse(data);
            if (found == topics_.end() || !status.empty() || !answer) return;
            if (error_in(*answer) != 0) {
              log_.error("JetStream has no consumer for a topic; trying on", {{"topic", name}, {"answer", data}});
              return;
            }
            found->second->ready = true;
            pull(*found->second);
          });
}

void DurableQueue::push(std::string_view topic, std::uint64_t client, std::string_view data, PushDone done) {
  std::string body;
  wire::put(body, client);
  wire::put(body, settings_.boot);
  body.append(data);
  const std::string subject = subject_of(topic);
  const bool sent = ready_ && request(subject, body, kPushFor, [this, subject, done](std::string_view status, std::string_view text) {
    const auto answer = json::parse(text);
    const int error = status.empty() && answer ? error_in(*answer) : -1;
    if (error == 0) {
      ++figures_.pushes;
      if (done) count_waiting(subject, done);
      return;
    }
    const bool full = std::find(std::begin(kNoRoom), std::end(kNoRoom), error) != std::end(kNoRoom);
    ++(full ? figures_.full : figures_.failed);
    if (!full) log_.warn("JetStream did not take a message", {{"status", status}, {"answer", text}});
    if (done) done(full ? Pushed::full : error == kTooLarge ? Pushed::too_large : status == "408" ? Pushed::timeout : Pushed::unavailable, 0);
  });
  if (sent) return;
  ++figures_.failed;
  if (done) done(Pushed::unavailable, 0);
}

// How many the topic holds; 1 where JetStream does not say: this one is kept, that is known.
void DurableQueue::count_waiting(const std::string& subject, PushDone done) {
  const auto answer = [subject, done](std::string_view status, std::string_view data) {
    std::size_t count = 1;
    const auto info = json::parse(data);
    const json::Value* state = status.empty() && info && info->IsObject() ? json::member(*info, "state") : nullptr;
    const json::Value* subjects = state && state->IsObject() ? json::member(*state, "subjects") : nullptr;
    const json::Value* one = subjects && subjects->IsObject() ? json::member(*subjects, subject) : nullptr;
    if (one && one->IsUint64()) count = std::max<std::size_t>(one->GetUint64(), 1);
    done(Pushed::yes, count);
  };
  if (!request("$JS.API.STREAM.INFO." + stream_, fmt::format(R"({{"subjects_filter":"{}"}})", subject), kAnswerFor, answer))
    done(Pushed::yes, 1);
}

void DurableQueue::join(std::uint64_t id, const std::vector<std::string>& names, bool ack) {
  Consumer& consumer = consumers_[id];
  consumer.ack = ack;
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
  const std::string body = fmt::format(R"({{"batch":{},"expires":{}}})", room - asked, kPullFor * kMillion);
  if (!host_.publish(fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", stream_, topic.durable), ends_ + std::to_string(number), body)) return;
  topic.pulls[number] = {room - asked, now_ + kPullFor + kGrace};
  pulls_[number] = &topic;
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

void DurableQueue::received(const std::string& subject, const std::string& reply, std::string_view status, std::string_view data) {
  if (subject.starts_with(answers_)) {
    const auto found = requests_.find(number_behind(subject, answers_.size()));
    if (found == requests_.end()) return;
    const auto done = std::move(found->second.done);
    requests_.erase(found);
    return done(status, data);
  }
  // A message has the subject that it was pushed with; to the address of a pull comes what ends it.
  if (subject.starts_with(topics_prefix_)) {
    const auto topic = subjects_.find(subject);
    return message(topic == subjects_.end() ? nullptr : topic->second, reply, data);
  }
  const std::uint64_t number = number_behind(subject, ends_.size());
  const auto row = pulls_.find(number);
  if (row == pulls_.end()) return;
  Topic& topic = *row->second;  // nothing more comes of it: 404, 408, 409
  topic.pulls.erase(number);
  pulls_.erase(row);
  if (status != "408" && status != "404") topic.ready = false;  // its consumer may be gone: it is made again
  pull(topic);
}

void DurableQueue::message(Topic* topic, const std::string& reply, std::string_view data) {
  if (topic && !topic->pulls.empty()) {  // JetStream serves pulls one after another
    const auto oldest = topic->pulls.begin();
    if (--oldest->second.left == 0) {
      pulls_.erase(oldest->first);
      topic->pulls.erase(oldest);
    }
  }
  const std::uint64_t id = sequence_of(reply);
  if (const auto there = given_.find(id); there != given_.end()) {  // JetStream was not told in time that it is being worked on
    there->second.reply = reply;
    return;
  }
  wire::Reader reader(data.substr(0, 16));
  std::uint64_t client = 0, node = 0;
  reader(client), reader(node);
  const std::string_view text = data.substr(std::min<std::size_t>(data.size(), 16));
  if (id == 0 || !reader.whole() || !is_utf8(text)) {
    log_.warn("a message of the stream is none of ours; it is removed", {{"stream", stream_}});
    host_.publish(reply, "", "+TERM");
    return;
  }
  const std::uint64_t consumer = topic ? whose_turn(*topic) : 0;
  if (consumer == 0) {
    host_.publish(reply, "", "-NAK");  // whom it was asked for has left
    return;
  }
  Consumer& one = consumers_.at(consumer);
  one.given.insert(id);
  given_.emplace(id, Given{consumer, reply, one.ack ? now_ + settings_.ack_ms : 0, now_});
  figures_.underway = given_.size();
  host_.take(consumer, {id, client, topic->name, text}, node);
  pull(*topic);
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
    if (found == consumers_.end() || found->second.given.erase(id) == 0) {
      if (all) all->add(0);
      continue;
    }
    const std::string reply = given_.at(id).reply;
    given_.erase(id);
    ++figures_.pops;
    const auto confirmed = [this, all, reply](std::string_view status, std::string_view) {
      if (status == "408") unsaid_.push_back(reply);
      all->add(status.empty() ? 1 : 0);
    };
    if (all ? request(reply, "+ACK", kAnswerFor, confirmed) : up_ && host_.publish(reply, "", "+ACK")) continue;
    unsaid_.push_back(reply);  // said when NATS is back; JetStream may have given it to another by then
    if (all) all->add(0);
  }
  if (all) all->add(0);
  figures_.underway = given_.size();
  if (found != consumers_.end())
    for (Topic* topic : found->second.topics) pull(*topic);
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

void DurableQueue::on_tick(std::int64_t now) {
  now_ = now;
  std::vector<std::uint64_t> late;
  for (const auto& [ticket, one] : requests_)
    if (one.due <= now) late.push_back(ticket);
  for (const std::uint64_t ticket : late) {
    const auto done = std::move(requests_.at(ticket).done);
    requests_.erase(ticket);
    done("408", "");
  }
  std::vector<std::uint64_t> expired;
  for (auto& [id, one] : given_) {
    if (one.due != 0 && one.due <= now) {
      expired.push_back(id);
    } else if (up_ && now - one.told >= settings_.ack_ms / 3) {
      one.told = now;
      host_.publish(one.reply, "", "+WPI");
    }
  }
  figures_.expired += expired.size();
  for (const std::uint64_t id : expired) {
    consumers_.at(given_.at(id).consumer).given.erase(id);
    give_back(id);
  }
  figures_.underway = given_.size();
  if (!up_) return;
  for (const std::string& reply : std::exchange(unsaid_, {}))
    if (!host_.publish(reply, "", "+ACK")) unsaid_.push_back(reply);
  if (!ready_ && now - asked_ >= kAskAgain) make_stream("CREATE");
  for (auto& [name, topic] : topics_) {
    std::erase_if(topic->pulls, [&](const auto& row) { return row.second.due <= now && pulls_.erase(row.first) > 0; });
    if (!topic->ready && ready_ && now - topic->asked >= kAskAgain) make_consumer(*topic);
    pull(*topic);
  }
}

void DurableQueue::collect(std::vector<Sample>& out) const {
  const auto add = [&out](const char* name, const char* help, MetricType type, std::uint64_t value, const char* label = nullptr) {
    Sample sample{.name = name, .help = help, .type = type, .labels = {}, .value = static_cast<double>(value), .buckets = {}};
    if (label) sample.labels.emplace_back("reason", label);
    out.push_back(std::move(sample));
  };
  add("dunlin_queue_durable", "Whether JetStream keeps the topics: 1 or 0", MetricType::gauge, figures_.ready);
  add("dunlin_queue_consumers", "Consumers, counted on each worker that owns a topic of theirs", MetricType::gauge, figures_.consumers);
  add("dunlin_queue_underway", "Messages under way to consumers, or not acknowledged yet", MetricType::gauge, figures_.underway);
  add("dunlin_queue_pushes_total", "Messages pushed to topics", MetricType::counter, figures_.pushes);
  add("dunlin_queue_pops_total", "Messages that consumers are done with", MetricType::counter, figures_.pops);
  add("dunlin_queue_returned_total", "Messages that went back to their topic", MetricType::counter, figures_.left, "consumer_left");
  add("dunlin_queue_returned_total", "Messages that went back to their topic", MetricType::counter, figures_.expired, "not_acknowledged");
  add("dunlin_queue_refused_total", "Pushes and pops that were refused", MetricType::counter, figures_.full, "full");
  add("dunlin_queue_refused_total", "Pushes and pops that were refused", MetricType::counter, figures_.failed, "unavailable");
}

}  // namespace dunlin
