// SPDX-License-Identifier: Apache-2.0
// QueueLinks: topics and consumers that are on different nodes, without network, clock and threads. A consumer of
// another node takes its turns at this node's topics like one of its own; here is the way of its messages:
//
//   its node                                   the topic's node
//     a consumer, a leave, settled, acks  ──▶
//                                         ◀──  a message given to it
//
// Everything from one node to another is numbered, so that what was lost on the way is known to be: a message that did
// not arrive goes back to its topic. Where it cannot be known (a node vanished with it), a message that needs no
// acknowledgement is counted as lost and not given out again: at most once. One that does goes back: at least once.
// What was missed otherwise (who came and left, what was settled) is mended by a state: the whole, told anew.
// [cluster's thread]
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/mesh/cluster_part.h"
#include "core/mesh/queue_wire.h"

namespace dunlin {

// A message between nodes. The id names node and worker that it is of, the consumer's id its node (hub/queue.h).
struct QueueParcel {
  std::uint64_t id = 0, client = 0;
  std::string_view topic, data;
};

// What QueueLinks needs of the node. Ids of messages are this node's own.
class QueueLinksHost {
 public:
  virtual bool send(std::uint64_t boot, std::string_view frame) = 0;
  virtual std::size_t largest() const = 0;  // bytes of what two texts may have together in a frame
  // Of another node's consumer, at this node's topics: hub/topics.h. It has a number of its own there, with its node's in
  // the upper 16 bits, and a new one each time that it joins: what was given to it before it left is not taken for new.
  virtual void join(std::uint64_t consumer, std::vector<std::string> topics, bool ack) = 0;
  virtual void leave(std::uint64_t consumer, const std::vector<std::uint64_t>& lost) = 0;
  virtual void pause(std::uint64_t consumer, bool paused) = 0;
  virtual void give_back(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) = 0;
  virtual void done(std::uint64_t consumer, const std::vector<std::uint64_t>& ids) = 0;
  virtual void acknowledge(std::uint64_t consumer, const std::vector<std::uint64_t>& ids,
                           std::function<void(std::size_t)> done) = 0;
  // For this node's own consumer; `node` is the sender's boot.
  virtual void take(std::uint64_t consumer, const QueueParcel& parcel, std::uint64_t node) = 0;

 protected:
  ~QueueLinksHost() = default;
};

class QueueLinks final : public ClusterPart {
 public:
  QueueLinks(std::uint64_t boot, std::int64_t deadline_ms, QueueLinksHost& host)
      : boot_(boot), deadline_ms_(deadline_ms), host_(host) {}

  // Of this node's own consumers.
  void joined(std::uint64_t consumer, std::vector<std::string> topics, bool ack);
  void left(std::uint64_t consumer);
  // Messages of node number `node`. `done` gets how many were acknowledged, of none that cannot be known.
  void settled(unsigned node, std::uint64_t consumer, const std::vector<std::uint64_t>& ids);
  void acknowledge(unsigned node, std::uint64_t consumer, std::vector<std::uint64_t> ids, std::function<void(std::size_t)> done);
  // A message of this node's topics for another's consumer, as it joined.
  void give(std::uint64_t joined, const QueueParcel& parcel);

  void on_engine(bool up) override;
  void on_member(std::uint64_t boot, unsigned number) override;
  void on_member_lost(std::uint64_t boot) override;
  bool on_frame(wire::Type type, std::string_view frame) override;
  void on_tick(std::int64_t now) override;
  void on_turn() override;

 private:
  struct Own {
    std::vector<std::string> topics;
    bool ack;
    std::size_t bytes;  // of the topics, as they are told
  };
  struct Remote {
    std::uint64_t joined;  // its number at the topics
    bool ack;
    bool paused = false;  // its node cannot be reached now
  };
  struct Given {
    std::uint64_t consumer, sequence;
    std::int64_t at;
  };
  struct State {  // of the other node, as it comes in
    std::uint64_t number = 0;
    std::set<std::uint64_t> consumers, held;
  };
  struct Link {
    unsigned number = 0;
    std::uint64_t out = 0, in = 0;
    bool sound = true;   // nothing is missing of what it said
    bool owed = false;   // it has yet to be told this node's state
    std::int64_t asked = 0, next_beat = 0;
    std::map<std::uint64_t, Remote> remotes;         // its consumers
    std::map<std::uint64_t, std::uint64_t> joined;   // their numbers at the topics
    std::map<std::uint64_t, Given> given;          // under way to them, without acknowledgement; by id
    std::map<std::uint64_t, std::uint64_t> held;   // of its messages, with this node's consumers: id, consumer
    std::deque<std::pair<std::uint64_t, std::uint64_t>> missed;  // first and last
    std::map<std::uint64_t, std::vector<std::uint64_t>> settled;  // and not told yet, by consumer
    State state;
  };
  using Links = std::map<std::uint64_t, Link>;  // by boot
  struct Acking {
    std::uint64_t boot;
    std::int64_t due;
    std::function<void(std::size_t)> done;
  };

  wire::QueueConsumer introduce(std::uint64_t consumer, const Own& own) const;
  template <class Frame>
  bool say(Links::value_type& link, Frame frame);
  void beat(Links::value_type& link, bool ask);
  void tell_state(Links::value_type& link);
  void ask(Links::value_type& link);
  bool in_order(Links::value_type& link, std::uint64_t sequence);
  void noticed_sent(Links::value_type& link, std::uint64_t sent);
  void gap(Link& link, std::uint64_t first, std::uint64_t last);
  void forget(Link& link);
  void drop_remote(Link& link, std::uint64_t consumer, bool known);
  Links::value_type* find(unsigned number);
  bool flush_settled(Links::value_type& link);
  void finish(std::uint64_t ticket, std::size_t count);

  bool on(Links::value_type& link, const wire::QueueBeat& frame);
  bool on(Links::value_type& link, const wire::QueueConsumer& frame);
  bool on(Links::value_type& link, const wire::QueueEnd& frame);
  bool on(Links::value_type& link, const wire::QueueLeave& frame);
  bool on(Links::value_type& link, const wire::QueueGive& frame);
  bool on(Links::value_type& link, const wire::QueueSettle& frame);
  bool on(Links::value_type& link, const wire::QueueAck& frame);
  bool on(Links::value_type& link, const wire::QueueAcked& frame);
  template <class Frame>
  bool handle(std::string_view bytes);

  const std::uint64_t boot_;
  const std::int64_t deadline_ms_;
  QueueLinksHost& host_;
  std::map<std::uint64_t, Own> own_;
  Links links_;
  std::unordered_map<std::uint64_t, Acking> acks_;
  std::uint64_t next_ticket_ = 1, streams_ = 0, states_ = 0, joins_ = 0;
  std::int64_t now_ = 0;
  bool up_ = false;
};

}  // namespace dunlin
