// SPDX-License-Identifier: Apache-2.0
// SessionTable: the sessions of one worker, and what they all need. Ids are never used twice: a slot's generation goes up
// each time it is given again. All [worker].
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/config/config.h"
#include "core/hub/channels.h"
#include "core/hub/settling.h"
#include "core/loop/timer_wheel.h"
#include "core/plugin/runtime.h"
#include "core/session/fanout.h"
#include "core/session/session.h"

namespace dunlin {

class SessionTable final : public AnswerSink {
 public:
  using Defer = std::function<void(std::function<void()>)>;

  SessionTable(unsigned node, unsigned worker, Channels& channels, Flusher& flusher, TimerWheel& wheel,
               Counters& counters, Log& log, Defer defer);
  ~SessionTable();  // REQUIRES: size() == 0
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  // Before the first session: the modules need the table first (it is their AnswerSink).
  void use(ModuleRuntime& modules) {
    modules_ = &modules;
    fanout_.use(modules);
  }

  // What is served from here on. REQUIRES: outlives its sessions
  void serve(Served& served) {
    served_ = &served;
    fanout_.serve(served);
  }

  // Starts a session; it may be closing already when this returns.
  Session& open(Transport& transport, ServedEndpoint& served, std::string remote_addr,
                std::unique_ptr<Handshake> handshake);
  // nullptr: no such connection (any more).
  Session* find(ClientId id) const;

  // Ends the sessions that are closing. REQUIRES: no hook is running.
  void end_turn();

  bool busy() const { return !closing_.empty(); }

  // Moves on the superseded sessions of the next `slots` slots. REQUIRES: no hook is running
  void move_on(std::size_t slots);
  std::size_t slots() const { return slots_.size(); }

  // Closes `count` of the sessions, oldest slots first; returns how many are left.
  std::size_t drain(std::size_t count);
  std::size_t size() const { return live_; }
  Fanout& fanout() { return fanout_; }
  Settling& settling() { return settling_; }
  const Fanout& fanout() const { return fanout_; }
  const Defer& defer() const { return defer_; }

  void login_answered(ClientId id, LoginAnswer answer) override;
  void router_answered(ClientId id, RouterOutcome outcome) override;
  // What came of a subscription: as the guards said, or that the connection has left.
  dunlin_status guards_answered(ClientId id, std::string_view channel, dunlin_status status);

  void collect(std::vector<Sample>& out) const;

 private:
  friend class Session;
  struct Slot {
    std::unique_ptr<Session> session;
    std::uint32_t generation = 0;
  };

  // What a session was sent by its router since it subscribed: the answer to that is among it, and is not to be read
  // before the other nodes have heard of the subscription.
  struct Held {
    std::uint64_t until = 0;  // of Settling
    std::size_t bytes = 0;
    std::deque<std::pair<std::uint64_t, MessageRef>> messages;
  };

  ClientId take_slot();
  void hold(ClientId id);
  bool keep(ClientId id, const MessageRef& message);  // false: nothing is held back there
  void release(ClientId id, std::uint64_t settled);

  const unsigned node_, worker_;
  Fanout fanout_;
  TimerWheel& wheel_;
  Counters& counters_;
  Log& log_;
  Defer defer_;
  Settling settling_;
  std::unordered_map<ClientId, Held> held_;
  ModuleRuntime* modules_ = nullptr;
  Served* served_ = nullptr;

  std::vector<Slot> slots_;
  std::deque<std::uint32_t> free_;  // oldest first, so that generations go up slowly
  std::vector<ClientId> closing_;
  std::size_t live_ = 0;
  std::size_t drain_from_ = 0;
  std::size_t move_from_ = 0;
  std::array<std::int64_t, static_cast<std::size_t>(Step::count_)> steps_{};
  std::array<std::uint64_t, static_cast<std::size_t>(CloseReason::count_)> closes_{};
  std::uint64_t logins_ = 0;
};

}  // namespace dunlin
