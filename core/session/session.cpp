// SPDX-License-Identifier: Apache-2.0
// A session's life. Each step is a row of kSteps: run() calls the row of the present step until one says wait; an answer
// or a message runs it again.
//
//   authenticating ──▶ opening ──▶ ready ⇄ handling
//         └───────────────┴──────────┴────────┴────▶ closing ──▶ end()
#include "core/session/session.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/json.h"
#include "core/session/query.h"
#include "core/session/session_table.h"

namespace dunlin {
namespace {

// A message as this client takes it: compressed, where that was agreed.
const MessageRef& form_for(const Transport& transport, const Endpoint& endpoint, SessionTable& table, const MessageRef& message) {
  return table.fanout().compressor().choose(message, transport.window_bits(), endpoint.compression.from());
}

}  // namespace

const Session::Row Session::kSteps[] = {
    {&Session::step_authenticate},  // authenticating: only where the endpoint logs in at the handshake
    {&Session::step_open},          // opening: the router sees the connection
    {&Session::step_take},          // ready: the next message, if one waits
    {&Session::step_wait},          // handling: the router works on a message; the next ones wait
    {&Session::step_wait},          // closing: until the end of the turn
};

Session::Session(SessionTable& table, ClientId id, Transport& transport, ServedEndpoint& served,
                 std::string remote_addr, std::unique_ptr<Handshake> handshake)
    : table_(table), served_(&served), transport_(&transport), id_(id),
      subscriber_(table.fanout_.of(transport.protocol(), served, transport.window_bits()), transport.outbox(), id),
      remote_addr_(std::move(remote_addr)), handshake_(std::move(handshake)) {
  ++table_.steps_[static_cast<std::size_t>(step_)];
  ++served_->sessions;
  idle_timer_.on_fire([this] { on_idle_timer(); });
  expiry_timer_.on_fire([this] { close(CloseReason::expired); });
}

Session::~Session() {
  --table_.steps_[static_cast<std::size_t>(step_)];
  --served_->sessions;
}

void Session::start() {
  table_.wheel_.start(idle_timer_, endpoint().limits.idle / 2);
  run();
}

void Session::run() {
  if (std::exchange(running_, true)) return;
  for (Next next = Next::again; next == Next::again;) {
    const Row& row = kSteps[static_cast<std::size_t>(step_)];
    next = (this->*row.run)();
  }
  running_ = false;
}

void Session::enter(Step step) {
  --table_.steps_[static_cast<std::size_t>(step_)];
  step_ = step;
  asked_ = false;
  ++table_.steps_[static_cast<std::size_t>(step_)];
}

Session::Next Session::step_authenticate() {
  if (asked_) return Next::wait;
  move_on();
  if (endpoint().login == Login::message) {
    enter(Step::opening);
    return Next::again;
  }
  asked_ = true;
  const std::string token = handshake_token(*handshake_);
  const auto answer = table_.modules_->login(served_->modules, id_, token, DUNLIN_LOGIN_HANDSHAKE);
  if (!answer) return Next::wait;
  login_answered(*answer);
  return Next::again;
}

Session::Next Session::step_open() {
  if (asked_) return Next::wait;
  move_on();
  asked_ = opened_ = true;
  return after(table_.modules_->open(served_->modules, id_), Step::opening);
}

Session::Next Session::step_take() {
  if (!inbox_ || inbox_->empty()) {
    inbox_.reset();
    pause(false);
    return Next::wait;
  }
  const Inbound inbound = std::move(inbox_->front());
  inbox_->pop_front();
  if (inbox_->empty() && reads_ahead()) pause(false);
  return route(inbound.kind, inbound.data);
}

// While a message is handled a WebSocket is read on until another has come: a client that closes or vanishes meanwhile is
// noticed at once, and most that wait need not be stopped and started. On raw TCP the framer is asked for the next packet
// only when the router has answered for the one before.
bool Session::reads_ahead() const { return transport_ && transport_->protocol() == Protocol::websocket; }

void Session::pause(bool paused) {
  if (std::exchange(paused_, paused) != paused && transport_) transport_->pause_reading(paused);
}

Session::Next Session::step_wait() { return Next::wait; }

Session::Next Session::route(Kind kind, std::string_view data) {
  move_on();
  if (step_ == Step::closing) {  // who took it over closed it
    table_.counters_.add(Counter::drop_inbound);
    return Next::wait;
  }
  enter(Step::handling);
  asked_ = true;
  return after(table_.modules_->message(served_->modules, id_, kind, data), Step::handling);
}

// What the router's answer leads to; without one this connection waits.
Session::Next Session::after(std::optional<RouterOutcome> outcome, Step asked) {
  if (asked == Step::opening && outcome == RouterOutcome::deny) opened_ = false;
  if (step_ == Step::closing) return Next::wait;  // the hook closed it
  if (!outcome) {
    if (!reads_ahead()) pause(true);
    return Next::wait;
  }
  if (*outcome == RouterOutcome::proceed) {
    enter(Step::ready);
  } else {
    close(*outcome == RouterOutcome::deny ? CloseReason::refused : CloseReason::fault);
  }
  return Next::again;
}

void Session::router_answered(RouterOutcome outcome) {
  if (step_ != Step::opening && step_ != Step::handling) return;
  after(outcome, step_);
  run();
}

void Session::on_message(Kind kind, std::string_view data) {
  table_.counters_.add(Counter::messages_in);
  heard_ = true;
  if (step_ == Step::closing) return table_.counters_.add(Counter::drop_inbound);
  if (step_ == Step::ready && !running_ && (!inbox_ || inbox_->empty())) {
    running_ = true;
    const Next next = route(kind, data);
    running_ = false;
    if (next == Next::again) run();
    return;
  }
  // At most what one read brought: reading is paused then.
  if (!inbox_) inbox_ = std::make_unique<std::deque<Inbound>>();
  inbox_->push_back({kind, std::string(data)});
  pause(true);
}

void Session::on_transport_closed(CloseReason reason, int code) {
  transport_ = nullptr;
  close(reason, code);
}

void Session::close(CloseReason reason, int code, std::string_view text) {
  if (step_ == Step::closing) return;
  if (!table_.held_.empty()) table_.release(id_, table_.settling_.begun());
  if (step_ == Step::closing) return;  // it reads too slowly for that
  const CloseRow& row = row_of(reason);
  close_reason_ = reason;
  ending_ = std::make_unique<Ending>(Ending{code ? code : row.code, std::string(text.empty() ? row.text : text)});
  idle_timer_.stop();
  expiry_timer_.stop();
  // A message that nobody answered yet ends here; so do those behind it.
  const std::size_t unhandled = (inbox_ ? inbox_->size() : 0) + (step_ == Step::handling && !running_ ? 1 : 0);
  table_.counters_.add(Counter::drop_inbound, unhandled);
  enter(Step::closing);
  subscriber_.leave_all();
  if (reason == CloseReason::slow_consumer && transport_) transport_->outbox().discard(Counter::drop_slow);
  if (Transport* transport = std::exchange(transport_, nullptr)) transport->finish(ending_->code, ending_->text);
  table_.closing_.push_back(id_);
}

void Session::end() {
  CHECK(step_ == Step::closing);
  ++table_.closes_[static_cast<std::size_t>(close_reason_)];
  if (table_.log_.enabled(Level::debug))
    table_.log_.debug("session closed", {{"client", id_.text()}, {"reason", row_of(close_reason_).label},
                                         {"code", ending_->code}, {"peer", remote_addr_}});
  table_.modules_->cancel(id_);
  finish_login(DUNLIN_DENY, DUNLIN_E_GONE);
  context_.abandon(table_.defer_);
  if (opened_) table_.modules_->close(served_->modules, id_, ending_->code, ending_->text);
}

dunlin_status Session::send(Kind kind, std::string_view data) {
  if (!transport_) return DUNLIN_E_GONE;
  const bool raw = transport_->protocol() == Protocol::socket;
  const MessageRef message = raw ? Message::raw(data) : Message::make(kind, data);
  return !table_.held_.empty() && table_.keep(id_, message) ? DUNLIN_OK : push(message);
}

dunlin_status Session::push(const MessageRef& message) {
  if (!transport_) return DUNLIN_E_GONE;
  if (transport_->outbox().push_now(form_for(*transport_, endpoint(), table_, message)) == Outbox::Push::queued) return DUNLIN_OK;
  table_.counters_.add(Counter::drop_slow);
  return DUNLIN_E_FULL;
}

SendResult Session::deliver(const MessageRef& message) {
  if (!transport_) return SendResult::gone;
  MessageRef encoded;
  if (transport_->protocol() == Protocol::socket) {
    encoded = table_.modules_->encode(served_->modules, id_, *message.operator->()).bytes;
    if (!encoded) {
      table_.counters_.add(Counter::drop_encode);
      return SendResult::failed;
    }
    if (!transport_) return SendResult::gone;  // the framer closed it
  }
  const MessageRef& form = encoded ? encoded : form_for(*transport_, endpoint(), table_, message);
  if (transport_->outbox().push(form) == Outbox::Push::queued) return SendResult::sent;
  table_.counters_.add(Counter::drop_slow);
  return SendResult::full;
}

// A peer that has been silent for half the time is asked for a sign of life; one that stays silent is gone. Raw TCP has
// no pings: there `pinged_` says that half the time has passed in silence. Nothing is concluded from the silence of one
// that is not read.
void Session::on_idle_timer() {
  const bool silent = !std::exchange(heard_, false) && !paused_;
  if (silent && pinged_) return close(CloseReason::idle);
  const bool pings = transport_ && transport_->protocol() == Protocol::websocket;
  pinged_ = silent || pings;
  if (pings) transport_->ping();
  table_.wheel_.start(idle_timer_, endpoint().limits.idle / 2);
}

}  // namespace dunlin
