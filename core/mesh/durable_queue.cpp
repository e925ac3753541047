// SPDX-License-Identifier: Apache-2.0
// The stream and its consumers, requests and their answers. The way to the stream is in durable_push.cpp, what is handed to
// this node's consumers in durable_delivery.cpp, what is done about messages that JetStream forgets in durable_audit.cpp.
#include "core/mesh/durable_queue.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace dunlin {
namespace {

constexpr std::int64_t kAskAgain = 500, kAnswerFor = 5000;
constexpr std::int64_t kGrow = 10'000;  // so often more copies are asked for where there were too few servers
constexpr unsigned kEnough = 3;         // copies, where nothing else is set

std::string flat(std::string_view prefix) {
  std::string out(prefix);
  std::replace(out.begin(), out.end(), '.', '_');
  return out;
}

std::uint64_t number_behind(std::string_view subject, std::size_t prefix) {
  std::uint64_t number = 0;
  if (subject.size() > prefix) std::from_chars(subject.data() + prefix, subject.data() + subject.size(), number);
  return number;
}

}  // namespace

DurableQueue::DurableQueue(Settings settings, DurableQueueHost& host, Log& log)
    : settings_(std::move(settings)), host_(host), log_(log), stream_(flat(settings_.prefix) + "_queue"),
      inbox_(fmt::format("{}.js.{:016x}.>", settings_.prefix, settings_.boot)),
      answers_(fmt::format("{}.js.{:016x}.a.", settings_.prefix, settings_.boot)),
      ends_(fmt::format("{}.js.{:016x}.m.", settings_.prefix, settings_.boot)), topics_prefix_(settings_.prefix + ".queue."),
      no_topic_(topics_prefix_ + "none") {}

// A topic may have any bytes; a token of a subject may not.
std::string DurableQueue::subject_of(std::string_view topic) const {
  std::string subject = topics_prefix_;
  for (const char c : topic) subject += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return subject;
}

bool DurableQueue::request(const std::string& subject, std::string_view data, std::int64_t at_most, Answered done) {
  const std::uint64_t ticket = next_++;
  if (!up_ || !host_.publish(subject, answers_ + std::to_string(ticket), data)) return false;
  requests_.emplace(ticket, Request{now_ + at_most, std::move(done)});
  return true;
}

void DurableQueue::on_engine(bool up) {
  up_ = up;
  set_ready(false);
  for (auto& [name, topic] : topics_) topic->ready = false, topic->pulls.clear();
  pulls_.clear();
  if (!up) return;
  for (auto& [id, one] : settled_) one.told = 0;
  copies_ = settings_.replicas == 0 ? kEnough : settings_.replicas;
  find_stream();
  make_stream("CREATE", copies_);
}

void DurableQueue::set_ready(bool ready) {
  if (ready_ && !ready) lost_at_ = now_;
  ready_ = ready;
  if (!ready) {
    ++led_;
    finding_ = false;
    lead_in_.lost();
    for (auto& [subject, gate] : gates_) gate.unanswered();
    ask_again();
  }
  figures_.ready = ready ? 1 : 0;
}

// Who leads the stream says so, where creating it (again) needs who leads JetStream, whom a cluster that has lost a server can
// be without for half a minute. Only of a stream that this node has seen with its settings.
void DurableQueue::find_stream() {
  if (ready_ || told_ == 0) return;
  request("$JS.API.STREAM.INFO." + stream_, "", kAnswerFor, [this](std::string_view status, std::string_view data) {
    if (ready_ || !jetstream::held(status, data, {})) return;
    if (settings_.replicas == 0) copies_ = told_;
    stream_there(told_);
  });
}

// Creating what is there with the same settings is no error; with others, they are changed.
void DurableQueue::make_stream(const char* verb, unsigned copies) {
  asked_ = now_;
  request(fmt::format("$JS.API.STREAM.{}.{}", verb, stream_),
          jetstream::stream_config(stream_, topics_prefix_ + "*", copies), kAnswerFor,
          [this, verb, copies](std::string_view status, std::string_view data) { stream_answered(verb, copies, status, data); });
}

void DurableQueue::stream_answered(std::string_view verb, unsigned copies, std::string_view status, std::string_view data) {
  const int error = jetstream::error_in(status, data);
  if (error == 0) return stream_there(copies);
  if (error == jetstream::kOtherSettings && verb == "CREATE") return make_stream("UPDATE", copies);
  const bool too_few = jetstream::too_few_servers(error);
  if (too_few && settings_.replicas == 0 && copies > 1) {
    if (std::exchange(copies_, 1u) > 1 && !ready_) make_stream("CREATE", copies_);
    return;
  }
  if (ready_) return;  // of an earlier question, or one for more copies
  complain(too_few ? "queue.replicas is more than the servers that NATS has for the durable topics now; trying on"
                   : "JetStream does not keep the durable topics; trying on", status, data);
}

void DurableQueue::stream_there(unsigned copies) {
  if (!up_) return;
  complaint_.clear();
  if (std::exchange(told_, copies) != copies || !ready_)
    log_.info("durable topics are kept by JetStream", {{"stream", stream_}, {"replicas", copies}});
  if (ready_) return;
  set_ready(true);
  for (auto& [name, topic] : topics_) make_consumer(*topic);
  find_leader();
}

// The same is said once.
void DurableQueue::complain(const char* what, std::string_view status, std::string_view answer) {
  if (std::exchange(complaint_, what) == what) return;
  log_.error(what, {{"stream", stream_}, {"replicas", copies_}, {"status", status}, {"answer", answer}});
}

// As with the stream: its leader knows of it, too.
void DurableQueue::make_consumer(Topic& topic) {
  topic.asked = now_;
  if (topic.made) ask_consumer(topic, "INFO", "");
  ask_consumer(topic, "DURABLE.CREATE", jetstream::consumer_config(stream_, topic.durable, topic.subject, settings_.ack_ms));
}

void DurableQueue::ask_consumer(Topic& topic, const char* what, std::string_view body) {
  request(fmt::format("$JS.API.CONSUMER.{}.{}.{}", what, stream_, topic.durable), body, kAnswerFor,
          [this, name = topic.name, only_asked = body.empty()](std::string_view status, std::string_view data) {
            const auto found = topics_.find(name);
            if (found == topics_.end() || found->second->ready) return;
            if (jetstream::error_in(status, data) != 0) {
              if (!only_asked) complain("JetStream has no consumer for a topic; trying on", status, data);
              return;
            }
            complaint_.clear();
            found->second->ready = found->second->made = true;
            audit_from_now(*found->second);
            pull(*found->second);
          });
}

void DurableQueue::received(const std::string& subject, const std::string& reply, std::string_view status, std::string_view data) {
  if (subject.starts_with(answers_)) {
    const auto found = requests_.find(number_behind(subject, answers_.size()));
    if (found == requests_.end()) return;
    const auto done = std::move(found->second.done);
    requests_.erase(found);
    return done(status, data);
  }
  // A message has the subject that it was pushed with; to the address of a pull comes what else is said of it.
  if (!subject.starts_with(topics_prefix_)) return pull_status(number_behind(subject, ends_.size()), status);
  const auto topic = subjects_.find(subject);
  message(topic == subjects_.end() ? nullptr : topic->second, reply, data);
}

void DurableQueue::expire_requests() {
  std::vector<std::uint64_t> late;
  for (const auto& [ticket, one] : requests_)
    if (one.due <= now_) late.push_back(ticket);
  for (const std::uint64_t ticket : late) {
    const auto done = std::move(requests_.at(ticket).done);
    requests_.erase(ticket);
    done(kNotInTime, "");
  }
}

void DurableQueue::on_tick(std::int64_t now) {
  if (now_ == 0) lost_at_ = now;
  now_ = now;
  expire_requests();
  expire_pushes();
  try_late();
  expire_given();
  acknowledge_again();
  if (!up_) return;
  const bool may_grow = settings_.replicas == 0 && copies_ < kEnough && now - asked_ >= kGrow;
  if (may_grow) copies_ = kEnough;
  if (may_grow || (!ready_ && now - asked_ >= kAskAgain)) {
    find_stream();
    make_stream("CREATE", copies_);
  }
  for (auto& [name, topic] : topics_) {
    if (!topic->ready && ready_ && now - topic->asked >= kAskAgain) make_consumer(*topic);
    pull_again(*topic);
  }
  audit();
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
  add("dunlin_queue_returned_total", "Messages that went back to their topic", MetricType::counter, figures_.stranded, "stranded");
  add("dunlin_queue_stuck_total", "JetStream's consumers that had stopped handing out, and were made anew", MetricType::counter, figures_.anew);
  add("dunlin_queue_late_total", "Messages acknowledged after their time, and before another had them", MetricType::counter, figures_.late);
  add("dunlin_queue_refused_total", "Pushes and pops that were refused", MetricType::counter, figures_.full, "full");
  add("dunlin_queue_refused_total", "Pushes and pops that were refused", MetricType::counter, figures_.failed, "unavailable");
}

}  // namespace dunlin
