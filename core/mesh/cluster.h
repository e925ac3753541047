// SPDX-License-Identifier: Apache-2.0
// Cluster: the logic by which nodes act as one, without network, clock and threads, so that a simulation can drive it:
// who is there, who wants which channel, publishes and sends on their way, and their answers. docs/cluster.md says what
// it promises. One thread: the cluster's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/log.h"
#include "core/mesh/answered_log.h"
#include "core/mesh/cluster_member.h"
#include "core/mesh/cluster_part.h"
#include "core/mesh/cluster_stats.h"
#include "core/mesh/interest.h"
#include "core/mesh/mesh.h"
#include "core/mesh/missed_ledger.h"

namespace dunlin {

// What a Cluster needs of the node and of the engine.
class ClusterHost {
 public:
  // Hand a frame to the engine: to every other node; to the node `boot`. False: it will not travel.
  virtual bool broadcast(std::string_view frame) = 0;
  virtual bool send(std::uint64_t boot, std::string_view frame) = 0;
  // As send(); nobody() may be told later.
  virtual bool ask(std::uint64_t boot, std::string_view frame) { return send(boot, frame); }
  virtual std::size_t largest() const = 0;  // bytes of a frame
  virtual const PublishCounts& published_here() const = 0;
  // For the subscribers, the connection of this node. `done` may be empty (deliver) and is called later, or at once.
  virtual void deliver(std::string_view channel, const MessageRef& message, std::function<void(Tally)> done) = 0;
  virtual void deliver_to(ClientId id, const MessageRef& message, std::function<void(SendStatus)> done) = 0;
  virtual void call_here(ClientId id, const ConnCall& call, Mesh::CallDone done) = 0;
  virtual void claimed(unsigned number) = 0;  // this node has its number
  virtual void evicted() = 0;                 // an older node has the same: this one must end
  virtual std::uint64_t connections() = 0;

 protected:
  ~ClusterHost() = default;
};

class Cluster {
 public:
  struct Settings {
    std::uint64_t boot = 0;
    NodeInfo info;                   // connections is asked for anew each time
    std::int64_t deadline_ms = 500;  // for tallies and answers
    std::int64_t soon_ms = 50;       // who answers at all usually has by then
    std::int64_t heartbeat_ms = 1000;
    std::int64_t silence_ms = 3500;  // then a node counts as gone …
    std::int64_t return_ms = 600'000;  // … and is forgotten when it has not come back by then
    std::int64_t claim_ms = 300;     // how long others may object to a number
    std::int64_t linger_ms = 2000;
    std::int64_t on_its_way_ms = 2000;  // what another has said may arrive so late
    std::int64_t remember_ms = 3'600'000;  // a number of a node that left is not given again
    std::uint64_t seed = 0;
  };

  Cluster(Settings settings, ClusterHost& host, InterestFilter& filter, ClusterStats& stats, Log& log);
  ~Cluster();

  // From the engine. tick(): at least every 50 ms; turn(): after each batch of what else is called.
  void connected(std::int64_t now);
  void disconnected(std::int64_t now);
  void received(std::string_view frame, std::int64_t now);
  void nobody(std::uint64_t boot);  // is there to answer
  void tick(std::int64_t now);
  void turn();
  void leave(std::uint64_t cut);  // says good-bye; `cut`: connections that could not be drained
  void attach(ClusterPart& part, std::int64_t now);  // at most one; it hears of what is there at once

  // From the workers. `done` may be empty, and is called at once when nobody needs to be asked.
  void publish(std::string_view channel, const MessageRef& message, Mesh::PublishDone done, std::int64_t now);
  void send(ClientId id, const MessageRef& message, Mesh::SendDone done, std::int64_t now);
  void call(ClientId id, const ConnCall& call, Mesh::CallDone done, std::int64_t now);
  // `known` (may be empty): called when every node has heard of it, or will not in time.
  void subscribed(std::uint64_t hash, std::function<void()> known);
  void unsubscribed(std::uint64_t hash, std::int64_t now) { own_.remove(hash, now); }

  unsigned number() const { return number_; }  // 0: not claimed yet
  bool up() const { return up_; }
  bool complete() const;  // whether it is known what each of the others wants
  // For how long this node may be deaf before the others do without it.
  std::int64_t patience() const { return std::clamp<std::int64_t>(settings_.deadline_ms, 200, 2000); }
  std::vector<NodeInfo> nodes(std::int64_t now);  // this one first, then by id
  std::size_t pending() const { return publishes_.size() + sends_.size() + unknown_.size(); }

 private:
  struct Publish {
    std::int64_t at = 0;
    std::set<std::uint64_t> missing;
    Tally tally;
    Mesh::PublishDone done;
  };
  struct Sending {
    std::uint64_t boot;
    std::int64_t at;
    std::function<void(SendStatus, std::string_view text)> done;  // text: of a call, its outcome
    bool late = false;  // its node has been asked anew
  };
  struct Due {
    std::int64_t at;
    std::uint64_t ticket;
  };
  struct Rumour {
    std::int64_t until = 0;  // that counts
    bool absent = false;     // by the engine's word, nobody is there
  };
  struct Unknown {  // channels that have been told, until the others confirm this number
    std::uint64_t number;
    std::int64_t due;
    std::function<void()> known;
  };
  using Members = std::map<std::uint64_t, std::unique_ptr<ClusterMember>>;

  void begin_claim();
  void contest(std::uint64_t boot, std::uint64_t number);
  std::string heartbeat(bool hello);
  void say_hello();
  void beat();
  void heard_of(std::uint64_t boot);
  void owe(std::uint64_t receiver, std::uint64_t messages);
  void tell_owed();
  void tell_missed(std::uint64_t boot);
  void parted(ClusterMember& member);
  void healed(const PublishMark& since);
  void met(ClusterMember& member, bool older);
  void certain(ClusterMember& member);
  void confirmed(std::uint64_t boot, ClusterMember& member, std::uint64_t number);
  void note_learnt(ClusterMember& member, std::uint64_t before);
  void forget_learnt(ClusterMember& member, std::uint64_t up_to);
  std::uint64_t published_before(const ClusterLearnt& learnt, const std::vector<std::uint64_t>& answered) const;
  void tell_answered(std::uint64_t boot, ClusterMember& member);
  void advance(std::int64_t now);
  void welcome(std::uint64_t boot, ClusterMember& member);
  void give_way(const wire::Heartbeat& frame, const ClusterMember& member);
  void announce();
  void settle();
  void doubt();
  std::size_t channels_a_frame() const;
  void ask(std::uint64_t boot, ClusterMember& member);
  void expire_members();
  void expire_unknown();
  void expire_streams();
  void left(std::uint64_t boot, const ClusterMember& member, const char* why, Tally unanswered);
  void forget(Members::iterator row);
  ClusterStream& stream_of(std::uint64_t boot);
  bool transmit(std::uint64_t boot, ClusterMember& member, std::string& frame, bool asks);
  bool in_sequence(std::uint64_t boot, std::uint64_t sequence);
  void reached(std::uint64_t boot, ClusterStream& stream, std::uint64_t sequence);
  void claimed_to_have_sent(std::uint64_t boot, std::uint64_t sequence);

  void on(const wire::Heartbeat& frame);
  void on(const wire::Claim& frame);
  void on(const wire::Taken& frame);
  void on(const wire::Bye& frame);
  void on(const wire::Interest& frame);
  void on(const wire::AskInterest& frame);
  void on(const wire::WholeInterest& frame);
  void on(const wire::Knows& frame);
  void on(const wire::Missed& frame);
  void on(const wire::Answered& frame);
  void on(const wire::Heard& frame);
  void on(const wire::Publish& frame);
  void on(const wire::TallyOf& frame);
  void on(const wire::Send& frame);
  void on(const wire::Sent& frame);
  void on(const wire::Call& frame);
  void on(const wire::Called& frame);
  template <class Frame>
  void handle(std::string_view bytes);

  void answered(std::uint64_t ticket, std::uint64_t boot, Tally tally);
  void finish(std::unordered_map<std::uint64_t, Publish>::iterator publish);
  void finish(std::uint64_t ticket, SendStatus status, std::string_view text = {});
  bool is_late(std::int64_t asked_at) const { return now_ - asked_at >= settings_.soon_ms; }
  void ask_late();
  Members::iterator owner_of(ClientId id);
  bool all_present_known() const;
  void expire_pending();
  void expire(std::uint64_t ticket);
  void missed(std::uint64_t boot);

  const Settings settings_;
  ClusterHost& host_;
  InterestFilter& filter_;
  ClusterStats& stats_;
  Log& log_;
  std::mt19937_64 random_;
  OwnInterest own_;
  ClusterPart* part_ = nullptr;
  Members members_;
  std::map<std::uint64_t, ClusterStream> streams_;  // by boot
  MissedLedger missed_;
  PublishMarks marks_;
  std::optional<PublishMark> cut_;     // when the engine was lost
  std::optional<PublishMark> healed_;  // of members that were apart until lately …
  std::int64_t healed_until_ = 0, tell_at_ = 0;
  unsigned telling_ = 0;  // times that a change of what this node owes is still told
  std::map<unsigned, std::pair<std::uint64_t, std::int64_t>> departed_;  // number: boot, until when it is remembered
  std::map<std::uint64_t, Rumour> unheard_;  // boots that others have spoken of
  std::unordered_map<std::uint64_t, Publish> publishes_;
  std::unordered_map<std::uint64_t, Sending> sends_;
  std::deque<Due> due_, calls_due_;  // of both, and of calls among the latter; in order
  std::vector<std::function<void()>> untold_;
  std::deque<Unknown> unknown_;
  AnsweredLog answered_;
  std::int64_t now_ = 0, next_heartbeat_ = 0, claim_until_ = 0;
  std::uint64_t next_ticket_ = 1, begun_ = 0;  // begun: streams
  unsigned number_ = 0, claiming_ = 0;
  bool up_ = false, evicted_ = false;
};

}  // namespace dunlin
