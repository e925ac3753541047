// SPDX-License-Identifier: Apache-2.0
// LocalMesh: the mesh of a node that stands alone. A message goes to this worker at once and to the others through their
// mailboxes, all of a turn as one mail, so that it costs a worker one wake-up; each reports its tallies back the same way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/metrics.h"
#include "core/loop/mailbox.h"
#include "core/mesh/awaited.h"
#include "core/mesh/mesh.h"

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
  LocalMesh(unsigned node, unsigned self, const std::vector<Neighbour>& neighbours, TimerWheel& wheel, Millis deadline,
            Counters& counters);

  void publish(std::string_view channel, const MessageRef& message, PublishDone done) override;
  void send(ClientId id, const MessageRef& message, SendDone done) override;
  void call(ClientId id, const ConnCall& call, CallDone done) override;

  // Hands this turn's publishes to the other workers. REQUIRES: called before the loop sleeps
  void end_turn();

 private:
  // A publish on its way to the other workers.
  struct Parcel {
    std::uint64_t id;  // 0: nobody wants to know
    std::string channel;
    MessageRef message;
  };
  using Parcels = std::vector<Parcel>;

  static void deliver(const Neighbour& here, const Parcels& parcels, const Neighbour& from);

  const unsigned node_, self_;
  const std::vector<Neighbour>& neighbours_;
  const Millis deadline_;
  Counters& counters_;
  Parcels outgoing_;  // since the turn began
  Tallies tallies_;
  Awaited<SendStatus> sends_;
  Awaited<CallOutcome> calls_;
};

}  // namespace dunlin
