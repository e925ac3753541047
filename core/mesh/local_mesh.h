// SPDX-License-Identifier: Apache-2.0
// LocalMesh: the mesh of a node that stands alone. A message goes to this worker at once and to the others through their
// mailboxes, all of a turn as one mail, so that it costs a worker one wake-up; each reports its tallies back the same way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/metrics.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer_wheel.h"
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
  struct Publish {
    Tally tally;
    unsigned missing;
    PublishDone done;
    Timer deadline;
  };
  struct Send {
    SendDone done;
    Timer deadline;
  };
  struct Call {
    CallDone done;
    Timer deadline;
  };

  static void deliver(const Neighbour& here, const Parcels& parcels, const Neighbour& from);
  void report(std::uint64_t id, Tally tally);
  void give_up(std::uint64_t id);
  void sent(std::uint64_t id, SendStatus status);
  void called(std::uint64_t id, CallOutcome outcome);

  const unsigned node_, self_;
  const std::vector<Neighbour>& neighbours_;
  TimerWheel& wheel_;
  const Millis deadline_;
  Counters& counters_;
  Parcels outgoing_;  // since the turn began
  std::unordered_map<std::uint64_t, std::unique_ptr<Publish>> publishes_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Send>> sends_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::uint64_t next_ = 1;
};

}  // namespace dunlin
