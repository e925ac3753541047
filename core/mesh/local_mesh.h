// SPDX-License-Identifier: Apache-2.0
// LocalMesh: the mesh of a node that stands alone. A message goes to this worker at once, and through their mailboxes to the
// others that have a subscriber: all of a turn as one mail, so that it costs a worker one wake-up; each reports its tallies
// back the same way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/metrics.h"
#include "core/loop/mailbox.h"
#include "core/mesh/awaited.h"
#include "core/mesh/mesh.h"
#include "core/mesh/worker_interest.h"

namespace dunlin {

class LocalMesh final : public Mesh {
 public:
  // A worker as the others see it. Both outlive every mesh.
  struct Neighbour {
    Mailbox* mailbox = nullptr;
    Deliverer* deliverer = nullptr;  // used on that worker only
    LocalMesh* mesh = nullptr;       // likewise: where its own answers go
  };

  // `neighbours` has one entry a worker, this one's included, and is complete before the first publish.
  LocalMesh(unsigned node, unsigned self, const std::vector<Neighbour>& neighbours, WorkerInterest& interest, TimerWheel& wheel,
            Millis deadline, Counters& counters);

  // A channel got its first subscriber on this worker, or its last has left.
  void interest(std::string_view channel, bool wanted);

  void publish(std::string_view channel, const MessageRef& message, PublishDone done) override;
  void send(ClientId id, const MessageRef& message, SendDone done) override;
  void call(ClientId id, const ConnCall& call, CallDone done) override;

  // Hands this turn's publishes to the other workers. REQUIRES: called before the loop sleeps
  void end_turn();

 private:
  // A publish on its way to the other workers.
  struct Parcel {
    std::string channel;
    MessageRef message;
    WorkerInterest::Workers to;
    bool asked;  // somebody wants to know what came of it
  };
  using Parcels = std::vector<Parcel>;

  // What came of a parcel that is asked about.
  struct Answer {
    Tally tally;
    unsigned missing;
    PublishDone done;
  };
  // A mail whose answers are awaited: one timer for all of them.
  struct Mail {
    std::shared_ptr<const Parcels> parcels;
    std::vector<Answer> answers;  // in the order of the parcels that are asked about
    unsigned missing = 0;         // workers that have not reported
    Timer deadline;
  };

  static void deliver(const Neighbour& here, const Parcels& parcels, std::uint64_t number, const Neighbour& from);
  std::uint64_t await(const std::shared_ptr<const Parcels>& parcels, WorkerInterest::Workers to);
  // What a worker's parcels came to, in their order; empty: it takes no mail any more.
  void report(std::uint64_t number, unsigned worker, const std::vector<Tally>& tallies);
  void give_up(std::uint64_t number);

  const unsigned node_, self_;
  const std::vector<Neighbour>& neighbours_;
  WorkerInterest& interest_;
  TimerWheel& wheel_;
  const Millis deadline_;
  Counters& counters_;
  Parcels outgoing_;             // since the turn began
  std::vector<Answer> answers_;  // of those
  std::unordered_map<std::uint64_t, std::unique_ptr<Mail>> mails_;
  std::uint64_t next_mail_ = 1;
  Awaited<SendStatus> sends_;
  Awaited<CallOutcome> calls_;
};

}  // namespace dunlin
