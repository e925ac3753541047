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
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/ack_window.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/mesh/jetstream.h"
#include "core/mesh/lead_in.h"
#include "core/mesh/queue_links.h"
#include "core/mesh/topic_gate.h"

namespace dunlin {

class DurableQueueHost {
 public:
  // To NATS, with an address for the answer or "". False: it does not go.
  virtual bool publish(const std::string& subject, const std::string& reply, std::string_view data) = 0;
  virtual std::size_t largest() const = 0;  // bytes that it takes as one message
  virtual std::size_t nodes() const = 0;    // that push, this one included
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
    std::int64_t look_at = 0;        // when it is looked at next …
    jetstream::Progress progress{};  // … and how far its consumer was the last time (durable_audit.cpp)
  };
  struct Push {
    enum class Stage { waiting, due, asked };  // for its topic to have room; to be sent; for the answer to the last try
    std::string subject, body;
    std::int64_t due;
    PushDone done;
    Stage stage = Stage::waiting;
    unsigned tries = 0;
    std::int64_t sent = 0;              // the last of them
    bool again = false;                 // in the place of another
    std::size_t holds = 0;              // its topic, with it
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
  struct Audit {
    std::string topic, subject;
    std::uint64_t left_behind = 0;  // by the consumer, as far as is known
    std::size_t restored = 0;
  };
  static constexpr std::string_view kNotInTime = "408";  // a status of ours
  using Answered = std::function<void(std::string_view status, std::string_view data)>;
  struct Request {
    std::int64_t due;
    Answered done;
  };

  bool request(const std::string& subject, std::string_view data, std::int64_t at_most, Answered done);
  void make_stream(const char* verb, unsigned copies);
  void find_stream();
  void stream_answered(std::string_view verb, unsigned copies, std::string_view status, std::string_view data);
  void stream_there(unsigned copies);
  void set_ready(bool ready);
  void complain(const char* what, std::string_view status, std::string_view answer);
  void make_consumer(Topic& topic);
  void ask_consumer(Topic& topic, const char* what, std::string_view body);
  bool ask_leader(const std::string& subject, std::string_view data, Answered done);
  bool silent() const;
  void find_leader();
  bool led(const std::optional<jetstream::Held>& stream);
  void lead_in();
  void forget(std::uint64_t sequence);
  void tidy(std::uint64_t from);
  void go_on();
  void ask_room(const std::string& subject);
  void judge(const std::string& subject, const std::optional<jetstream::Held>& stream);
  void send_due();
  void ask_to_keep(std::uint64_t number);
  void try_again(std::uint64_t number);
  void ask_again();
  void try_late();
  void push_answered(std::uint64_t number, unsigned attempt, std::string_view status, std::string_view text);
  void pushed(std::uint64_t number, Pushed outcome);
  void expire_pushes();
  void push_again(const std::string& subject, std::string body, PushDone done);
  std::int64_t audit_every() const;
  void audit_from_now(Topic& topic);
  void audit();
  void audit_next(std::uint64_t from);
  void compare(jetstream::Found oldest);
  void restore(jetstream::Found message);
  void restored(std::uint64_t sequence);
  void make_anew(Topic& topic);
  void audited();
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
  const std::string stream_, inbox_, answers_, ends_, topics_prefix_, no_topic_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
  std::map<std::string, Topic*> subjects_;
  std::map<std::uint64_t, Topic*> pulls_;
  std::map<std::uint64_t, Consumer> consumers_;
  std::map<std::uint64_t, Given> given_;
  std::map<std::uint64_t, Settled> settled_;
  std::unordered_map<std::uint64_t, Request> requests_;
  std::map<std::uint64_t, Push> pushes_;  // in their order
  std::size_t pushing_ = 0;               // bytes of them
  std::set<std::uint64_t> due_;           // of them, in that stage
  std::set<std::uint64_t> under_way_;     // … and in that of `asked`
  std::map<std::string, TopicGate, std::less<>> gates_;  // of the subjects that have pushes
  LeadIn lead_in_;
  std::uint64_t led_ = 0;  // how often the leader may have changed
  bool finding_ = false;   // it is being asked for
  std::optional<Audit> audit_;
  std::uint64_t next_ = 1;
  std::int64_t now_ = 0, asked_ = 0;
  std::int64_t heard_ = 0;      // when the stream's leader last said what has become of a message …
  std::int64_t kept_sent_ = 0;  // … and when the latest of these pushes was sent
  std::int64_t lost_at_ = 0;  // since when it is not ready, if it is not
  std::string complaint_;  // the last in the log
  unsigned copies_ = 0;  // that are asked for
  unsigned told_ = 0;    // that the log has last spoken of
  bool up_ = false, ready_ = false;
  struct {
    std::atomic<std::uint64_t> pushes{0}, pops{0}, full{0}, failed{0}, left{0}, expired{0}, stranded{0}, anew{0}, late{0}, underway{0}, consumers{0}, ready{0};
  } figures_;
};

}  // namespace dunlin
