// SPDX-License-Identifier: Apache-2.0
// Session: one connection's life, as a table of steps (session.cpp). It knows no sockets and no plugins: a Transport
// carries it, the ModuleRuntime answers its questions, the hub delivers to it. Lives in a SessionTable. All [worker].
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/message.h"
#include "core/config/config.h"
#include "core/hub/channels.h"
#include "core/loop/timer_wheel.h"
#include "core/plugin/runtime.h"
#include "core/session/close_reason.h"
#include "core/session/context.h"
#include "core/session/served.h"
#include "core/session/transport.h"

namespace dunlin {

class SessionTable;

enum class SendResult { sent, gone, full, failed };  // failed: it could not be encoded for this connection

// The steps of a session's life; docs/architecture.md draws them.
enum class Step : std::uint8_t { authenticating, opening, ready, handling, closing, count_ };
inline constexpr const char* kStepNames[] = {"authenticating", "opening", "ready", "handling", "closing"};

class Session {
 public:
  using SubscribeDone = std::function<void(dunlin_status)>;
  using LoginDone = std::function<void(dunlin_verdict, dunlin_status)>;

  Session(SessionTable& table, ClientId id, Transport& transport, ServedEndpoint& served, std::string remote_addr,
          std::unique_ptr<Handshake> handshake);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // From the transport.
  void start();                                       // the handshake is done
  void on_message(Kind kind, std::string_view data);  // a whole one
  void on_sign_of_life() { heard_ = true; }
  // The peer closed (by_peer, its code), broke the protocol or is lost: nothing can be written any more.
  void on_transport_closed(CloseReason reason, int code = 0);

  // From modules and the worker. Effects on hooks come at the end of the turn.
  void close(CloseReason reason, int code = 0, std::string_view text = {});
  dunlin_status authenticate(std::string_view token, std::uint32_t source, LoginDone done);
  dunlin_status send(Kind kind, std::string_view data);
  dunlin_status push(const MessageRef& message);  // encoded
  SendResult deliver(const MessageRef& message);
  // Whoever asks must know that there are no guards, or that they have agreed.
  dunlin_status subscribe(std::string_view channel);
  // Asks the guards; `done` is told once, later, unless what is returned is not OK.
  dunlin_status subscribe_asking(std::string_view channel, SubscribeDone done);
  dunlin_status unsubscribe(std::string_view channel);
  Transport* transport() const { return transport_; }  // nullptr: it is closing

  // Answers to what it asked.
  void login_answered(LoginAnswer answer);
  void router_answered(RouterOutcome outcome);
  dunlin_status guards_answered(std::string_view channel, dunlin_status status);

  // Its endpoint was superseded: goes over to what is served now, unless something is pending. REQUIRES: no hook is running
  void move_on();
  // The same at the deadline: what is pending is cancelled. A log-in of an open connection is told to try later, one at
  // the handshake and an opening are asked anew, a message that was being handled counts as dropped.
  void cut_over();

  // Runs the close hook; the table destroys it afterwards. REQUIRES: step() == closing; no hook is running.
  void end();

  ClientId id() const { return id_; }
  Step step() const { return step_; }
  bool logged_in() const { return uid_kind_ != DUNLIN_UID_NONE; }
  const std::string& uid() const { return uid_; }
  std::uint32_t uid_kind() const { return uid_kind_; }
  const Endpoint& endpoint() const { return served_->endpoint; }
  const ServedEndpoint& served() const { return *served_; }
  const std::string& remote_addr() const { return remote_addr_; }
  const Handshake* handshake() const { return handshake_.get(); }  // nullptr after the first log-in
  Context& context() { return context_; }
  bool guarded() const { return !served_->modules.guards.empty(); }

 private:
  enum class Next { again, wait };
  struct Row {
    Next (Session::*run)();
  };
  static const Row kSteps[];

  void run();
  void enter(Step step);
  Next step_authenticate();
  Next step_open();
  Next step_take();
  Next step_wait();

  bool reads_ahead() const;
  void pause(bool paused);
  void go_over();
  Next after(std::optional<RouterOutcome> outcome, Step asked);
  Next route(Kind kind, std::string_view data);
  bool has_room_for(std::string_view channel) const;
  void apply(const Identity& identity);
  void become(const Identity& identity);
  void finish_login(dunlin_verdict verdict, dunlin_status status);
  void log_refusal(const LoginAnswer& answer);
  void on_idle_timer();

  struct Inbound {
    Kind kind;
    std::string data;
  };

  SessionTable& table_;
  ServedEndpoint* served_;
  Transport* transport_;  // nullptr once it is gone or told to finish
  const ClientId id_;
  Subscriber subscriber_;
  Context context_;
  Timer idle_timer_;
  Timer expiry_timer_;
  std::string remote_addr_;
  std::string uid_;
  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<std::deque<Inbound>> inbox_;  // arrived while one was handled
  std::unique_ptr<LoginDone> login_done_;  // while a log-in runs
  struct Ending {
    int code;
    std::string text;
  };
  std::unique_ptr<Ending> ending_;  // once it is closing
  std::uint32_t asking_ = 0;  // subscriptions that guards are being asked about
  std::uint32_t uid_kind_ = DUNLIN_UID_NONE;
  Step step_ = Step::authenticating;
  CloseReason close_reason_ = CloseReason::normal;
  bool heard_ = true;
  bool pinged_ = false;
  bool opened_ = false;   // the router was told and did not deny: it is owed a close hook
  bool paused_ = false;
  bool running_ = false;
  bool asked_ = false;  // the step's question is with a module
};

}  // namespace dunlin
