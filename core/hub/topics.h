// SPDX-License-Identifier: Apache-2.0
// Topics: the queues that one worker owns. A message waits in its topic, is given to one consumer, and is the topic's
// until that one is done with it: settled (it has left for the consumer) or, where consumers acknowledge, acknowledged.
// A consumer that leaves gives back what it was not done with, in its old order.
//
// Consumers of a topic take turns; each may have kCredit messages under way, so that a slow one hoards nothing. None gets
// far ahead of others that are merely on their way (a consumer of the topic's own worker is done with its messages before
// another worker has even seen its own): it is held until they have caught up, or turn out to be slow. One of another node
// is a consumer like any other; its part of the way that can fail is leave()'s, pause()'s and give_back()'s.
// Pure logic; all on the owner's thread. docs/api.md says what a backend sees of it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/ack_window.h"
#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/base/metrics.h"
#include "core/hub/queue.h"
#include "core/hub/topic_count.h"

namespace dunlin {

class Topics {
 public:
  static constexpr std::size_t kCredit = 64;               // messages under way to a consumer …
  static constexpr std::size_t kCreditBytes = 512 * 1024;  // … and their bytes; one goes whatever its size
  static constexpr std::size_t kAckCredit = 1024;          // messages that a consumer has not acknowledged; fewer where it is slow
  static constexpr std::size_t kLead = kCredit / 2;        // messages ahead of the average of all consumers

  struct Limits {
    std::size_t size = 2000;
    std::size_t bytes = 64 * 1024 * 1024;
    std::int64_t ack_ms = 30'000;
    std::int64_t slow_ms = 20;  // who has had a message under way for longer is slow: nobody is held for it
  };
  using Give = std::function<void(ConsumerId, const QueueMessageRef&)>;

  // `owner`: this worker's number, part of the messages' ids, as is the node's. `give` must not call back.
  Topics(unsigned owner, Limits limits, TopicCount& count, Give give, unsigned node = 0);
  ~Topics();
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;

  // Whenever somebody is held: retry() has to be called in slow_ms. Must not call back.
  void on_held(std::function<void()> held) { held_ = std::move(held); }
  void retry(std::int64_t now);

  // The worker that a message's id names.
  static unsigned owner_of(std::uint64_t message) { return QueueId::worker(message); }

  struct Push {
    Queue::Pushed pushed = Queue::Pushed::yes;
    std::size_t waiting = 0;  // messages of the topic, this one and those under way included
  };
  Push push(std::string_view topic, ClientId client, std::string_view data);

  // False: too many topics; the consumer is not there then. REQUIRES: it was not there before. Topics that only
  // consumers of other nodes want do not count.
  bool join(ConsumerId consumer, const std::vector<std::string>& topics, bool ack);
  // How many of the messages were under way to it, or had been, and nobody else has been given them since.
  std::size_t done(ConsumerId consumer, const std::vector<std::uint64_t>& messages);
  // What was under way to it goes back to the topics; but for `lost`, whose fate on another node is unknown and which
  // must not come twice: they are counted.
  void leave(ConsumerId consumer, const std::vector<std::uint64_t>& lost = {});

  // Of a consumer on another node. A paused one is given nothing more. Back come messages that did not reach its node,
  // lost are such that may have.
  void pause(ConsumerId consumer, bool paused);
  void give_back(ConsumerId consumer, const std::vector<std::uint64_t>& messages);

  // Takes back what was not acknowledged in time; `now` in ms of a steady clock.
  void expire(std::int64_t now);
  bool awaits_acknowledgement() const { return unacknowledged_ + owing_ > 0; }

  std::size_t messages() const { return messages_; }
  void collect(std::vector<Sample>& out) const;

 private:
  struct Consumer;
  struct Seat {
    Consumer* consumer;
    std::uint64_t served;  // messages; who comes later, or was slow, begins where the others are
  };
  struct Topic {
    std::string name;
    std::map<std::uint64_t, QueueMessageRef> waiting;  // by id, which is their order
    std::map<std::uint64_t, ConsumerId> avoid;         // who let it wait too long: others come first
    std::vector<Seat> seats;
    std::uint64_t served = 0;  // of all of these
    bool held = false;      // messages wait although somebody has credit, since
    std::int64_t held_since = 0;
    std::size_t next = 0;   // whose turn it is
    std::size_t local = 0;  // consumers of this node
    std::size_t given = 0;  // messages under way
    std::size_t bytes = 0;  // of all its messages
    bool counted = false;   // among the topics that the node may have
  };
  struct Given {
    QueueMessageRef message;
    Topic* topic;
    AckWindow<Topic*>::Mark mark;
  };
  struct Consumer {
    ConsumerId id;
    bool ack;
    std::vector<Topic*> topics;
    AckWindow<Topic*> window;
    std::map<std::uint64_t, Given> given;
    std::size_t bytes = 0;
    bool remote = false, paused = false;
    bool has_credit() const {
      if (paused) return false;
      return ack ? window.room(given.size()) > 0 : given.empty() || (given.size() < kCredit && bytes < kCreditBytes);
    }
  };

  Topic* find(std::string_view name);
  Topic& make(std::string_view name);
  bool count(Topic& topic);
  void drop_if_unused(Topic& topic);
  void deal_out(Topic& topic) { deal_out(topic, steady_ms()); }
  void deal_out(Topic& topic, std::int64_t now);
  Seat* whose_turn(Topic& topic, std::uint64_t message, std::int64_t now, bool& held);
  bool must_wait(Topic& topic, const Seat& seat, std::int64_t now);
  void give(Topic& topic, Seat& seat, std::int64_t now);
  void take_back(Consumer& consumer, Given& given);
  bool settle_late(Consumer& consumer, std::uint64_t message, std::int64_t now);

  const unsigned node_, owner_;
  const Limits limits_;
  TopicCount& count_;
  Give give_;
  std::function<void()> held_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
  std::unordered_map<ConsumerId, std::unique_ptr<Consumer>> consumers_;
  std::uint64_t next_ = 1;
  std::size_t messages_ = 0;
  std::size_t unacknowledged_ = 0, owing_ = 0;  // messages; consumers on their way to some that have expired
  std::size_t counted_ = 0, remote_ = 0;  // topics that count; consumers of other nodes
  std::uint64_t lost_ = 0, unsent_ = 0;
  std::uint64_t pushes_ = 0, done_ = 0, returned_ = 0, expired_ = 0, late_ = 0, refused_full_ = 0, refused_topics_ = 0;
};

}  // namespace dunlin
