// SPDX-License-Identifier: Apache-2.0
// DurableQueue: topics kept by NATS JetStream, as one node uses them: one stream for all topics, and for each topic that is
// popped one durable consumer that all nodes share. A node asks for as many messages as its consumers have room for; each
// stays the stream's until it is acknowledged, and goes to another when the node that has it vanishes. At least once.
//
// JetStream is spoken to by its requests and answers (JSON over subjects), so that nothing here waits: the calls of
// libnats for it block. Without network, clock and threads. [cluster's thread]
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/ack_window.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/mesh/jetstream.h"
#include "core/mesh/queue_links.h"

namespace dunlin {

class DurableQueueHost {
 public:
  // To NATS, with an address for the answer or "", and an id by which JetStream knows it again or "". False: it does not go.
  virtual bool publish(const std::string& subject, const std::string& reply, std::string_view data, const std::string& id) = 0;
  virtual std::size_t largest() const = 0;  // bytes that it takes as one message
  // For this node's consumer; `node`: the boot of where it was pushed.
  virtual void take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) = 0;

 protected:
  ~DurableQueueHost() = default;
};

class DurableQueue {
 public:
  struct Settings {
    std::string prefix;  // of the subjects
    std::uint64_t boot = 0;
    std::size_t size = 0;  // messages of a topic
    std::int64_t ack_ms = 0;
    std::int64_t deadline_ms = 10'000;  // for JetStream, to take a push or an acknowledgement
    unsigned replicas = 0;  // 0: three where there are so many servers, otherwise one
  };
  enum class Pushed { yes, full, timeout, too_large, unavailable };
  using PushDone = std::function<void(Pushed, std::size_t waiting)>;
  using AckDone = std::function<void(std::size_t)>;

  DurableQueue(Settings settings, DurableQueueHost& host, Log& log);

  // What answers and messages are sent to: subscribe to it before the first on_engine(true).
  const std::string& inbox() const { return inbox_; }
  void received(const std::string& subject, const std::string& reply, std::string_view status, std::string_view data);
  void on_engine(bool up);
  void on_tick(std::int64_t now);

  // `done` may be empty. While JetStream does not take it, it is tried again until the deadline.
  void push(std::string_view topic, std::uint64_t client, std::string_view data, PushDone done);
  void join(std::uint64_t consumer, const std::vector<std::string>& topics, bool ack);
  // Done with. `done`, which may be empty, gets how many of them JetStream has confirmed.
  void done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids, AckDone done);
  void leave(std::uint64_t consumer);
  void collect(std::vector<Sample>& out) const;  // [any-thread]

 private:
  struct Topic;
  struct Late {
    std::string reply;
    std::uint64_t time;
  };
  struct Consumer {
    bool ack;
    AckWindow<Late> window;
    std::vector<Topic*> topics;
    std::set<std::uint64_t> given;
    std::size_t credit() const;
  };
  struct Pull {
    std::size_t left;
    std::int64_t heard;  // when JetStream last showed that it has it
  };
  struct Topic {
    std::string name, subject, durable;
    bool ready = false;     // its consumer is known to be there …
    bool made = false;      // … or was, with the settings that it should have
    std::int64_t asked = 0;
    std::vector<std::uint64_t> consumers;
    std::size_t next = 0;
    std::map<std::uint64_t, Pull> pulls;
  };
  struct Push {
    std::string subject, body, id;
    std::int64_t due;
    PushDone done;
    bool asked = false;  // its answer is due …
    unsigned tries = 0;  // … to the last of these
    Pushed last = Pushed::unavailable;  // what it would be answered, were it over
  };
  struct Given {
    std::uint64_t consumer;
    std::string reply;
    std::uint64_t time;  // jetstream::Origin's
    std::int64_t due;    // 0: it need not be acknowledged by then
    std::int64_t told;   // when JetStream heard last that it is being worked on
    AckWindow<Late>::Mark mark;
  };
  struct Settled {  // and not confirmed by JetStream yet
    std::string reply;
    std::uint64_t time;
    std::int64_t since, told;
    std::function<void(bool)> confirmed;  // may be empty
  };
  using Answered = std::function<void(std::string_view status, std::string_view data)>;  // status "408" of ours: not in time
  struct Request {
    std::int64_t due;
    Answered done;
  };

  bool request(const std::string& subject, std::string_view data, std::int64_t at_most, Answered done, const std::string& id = {});
  void make_stream(const char* verb, unsigned copies);
  void find_stream();
  void stream_answered(std::string_view verb, unsigned copies, std::string_view status, std::string_view data);
  void stream_there(unsigned copies);
  void set_ready(bool ready);
  void complain(const char* what, std::string_view status, std::string_view answer);
  void make_consumer(Topic& topic);
  void ask_consumer(Topic& topic, const char* what, std::string_view body);
  void ask_to_keep(std::uint64_t number);
  void push_answered(std::uint64_t number, unsigned attempt, std::string_view status, std::string_view text);
  void pushed(std::uint64_t number, Pushed outcome);
  void push_again();
  void expire_pushes();
  void count_waiting(const std::string& subject, const PushDone& done);
  void pull(Topic& topic);
  void pull_again(Topic& topic);
  void pull_status(std::uint64_t number, std::string_view status);
  void message(Topic* topic, const std::string& reply, std::string_view data);
  void give(Topic& topic, std::uint64_t consumer, jetstream::Origin origin, const std::string& reply, std::string_view data);
  bool known(jetstream::Origin origin, const std::string& reply);
  std::uint64_t whose_turn(Topic& topic);
  void give_back(std::uint64_t id);
  bool take_done(Consumer& consumer, std::uint64_t id, Late& out);
  void acknowledge(std::uint64_t id);
  void settled(std::uint64_t id, bool confirmed);
  void expire_requests();
  void expire_given();
  void acknowledge_again();
  std::string subject_of(std::string_view topic) const;

  const Settings settings_;
  DurableQueueHost& host_;
  Log& log_;
  const std::string stream_, inbox_, answers_, ends_, topics_prefix_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
  std::map<std::string, Topic*> subjects_;
  std::map<std::uint64_t, Topic*> pulls_;
  std::map<std::uint64_t, Consumer> consumers_;
  std::map<std::uint64_t, Given> given_;
  std::map<std::uint64_t, Settled> settled_;
  std::unordered_map<std::uint64_t, Request> requests_;
  std::map<std::uint64_t, Push> pushes_;  // in their order
  std::size_t pushing_ = 0;               // bytes of them
  std::uint64_t next_ = 1;
  std::int64_t now_ = 0, asked_ = 0;
  std::int64_t lost_at_ = 0;  // since when it is not ready, if it is not
  std::string complaint_;  // the last in the log
  unsigned copies_ = 0;  // that are asked for
  unsigned told_ = 0;    // that the log has last spoken of
  bool up_ = false, ready_ = false;
  struct {
    std::atomic<std::uint64_t> pushes{0}, pops{0}, full{0}, failed{0}, left{0}, expired{0}, late{0}, underway{0}, consumers{0}, ready{0};
  } figures_;
};

}  // namespace dunlin
