// SPDX-License-Identifier: Apache-2.0
#include "core/session/session_table.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace dunlin {

SessionTable::SessionTable(unsigned node, unsigned worker, Channels& channels, Flusher& flusher, TimerWheel& wheel,
                           Counters& counters, Log& log, Defer defer)
    : node_(node), worker_(worker), fanout_(channels, flusher, counters), wheel_(wheel), counters_(counters), log_(log),
      defer_(std::move(defer)) {}

SessionTable::~SessionTable() { CHECK(live_ == 0); }

ClientId SessionTable::take_slot() {
  // A slot rests while few are free, so that its generation (20 bits) lasts.
  constexpr std::size_t kResting = 1024;
  std::uint32_t slot;
  if (free_.size() > kResting || slots_.size() > ClientId::kMaxSlot) {
    slot = free_.front();
    free_.pop_front();
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  std::uint32_t& generation = slots_[slot].generation;
  generation = generation == ClientId::kMaxGeneration ? 1 : generation + 1;
  return ClientId(node_, worker_, generation, slot);
}

Session& SessionTable::open(Transport& transport, ServedEndpoint& served, std::string remote_addr,
                            std::unique_ptr<Handshake> handshake) {
  const ClientId id = take_slot();
  auto session =
      std::make_unique<Session>(*this, id, transport, served, std::move(remote_addr), std::move(handshake));
  Session& opened = *session;
  slots_[id.slot()].session = std::move(session);
  ++live_;
  counters_.add(Counter::opened);
  return opened;
}

Session* SessionTable::find(ClientId id) const {
  if (id.node() != node_ || id.worker() != worker_ || id.slot() >= slots_.size()) return nullptr;
  const Slot& slot = slots_[id.slot()];
  return slot.session && slot.generation == id.generation() ? slot.session.get() : nullptr;
}

void SessionTable::end_turn() {
  while (!closing_.empty())
    for (const ClientId id : std::exchange(closing_, {})) {
      Slot& slot = slots_[id.slot()];
      slot.session->end();
      slots_[id.slot()].session.reset();
      free_.push_back(static_cast<std::uint32_t>(id.slot()));
      --live_;
    }
}

void SessionTable::move_on(std::size_t slots) {
  for (slots = std::min(slots, slots_.size()); slots > 0; --slots) {
    if (move_from_ >= slots_.size()) move_from_ = 0;
    Session* session = slots_[move_from_++].session.get();
    if (!session || !session->served().superseded) continue;
    if (session->served().overdue) {
      session->cut_over();
    } else {
      session->move_on();
    }
  }
}

std::size_t SessionTable::drain(std::size_t count) {
  std::size_t open = live_ - closing_.size();
  for (; count > 0 && open > 0 && drain_from_ < slots_.size(); ++drain_from_) {
    Session* session = slots_[drain_from_].session.get();
    if (!session || session->step() == Step::closing) continue;
    session->close(CloseReason::draining);
    --count;
    --open;
  }
  if (drain_from_ == slots_.size()) drain_from_ = 0;  // a handshake that was under way came behind us
  return open;
}

void SessionTable::login_answered(ClientId id, LoginAnswer answer) {
  if (Session* session = find(id)) session->login_answered(std::move(answer));
}

void SessionTable::router_answered(ClientId id, RouterOutcome outcome) {
  if (Session* session = find(id)) session->router_answered(outcome);
}

dunlin_status SessionTable::guards_answered(ClientId id, std::string_view channel, dunlin_status status) {
  Session* session = find(id);
  return session ? session->guards_answered(channel, status) : DUNLIN_E_GONE;
}

void SessionTable::hold(ClientId id) {
  held_[id].until = settling_.begun();
  settling_.then([this, id] { release(id, settling_.settled()); });
}

bool SessionTable::keep(ClientId id, const MessageRef& message) {
  constexpr std::size_t kMost = 64 * 1024;
  const auto found = held_.find(id);
  if (found == held_.end()) return false;
  Held& held = found->second;
  held.bytes += message->frame().size();
  if (held.bytes > kMost) {  // it is no answer that is held back here
    release(id, held.until);
    return false;
  }
  held.messages.emplace_back(held.until, message);
  return true;
}

// A write may end the session, which releases the rest.
void SessionTable::release(ClientId id, std::uint64_t settled) {
  for (auto found = held_.find(id); found != held_.end(); found = held_.find(id)) {
    Held& held = found->second;
    if (held.messages.empty() || held.messages.front().first > settled) {
      if (held.until <= settled) held_.erase(found);
      return;
    }
    const MessageRef message = std::move(held.messages.front().second);
    held.messages.pop_front();
    held.bytes -= message->frame().size();
    if (Session* session = find(id)) session->push(message);
  }
}

void SessionTable::collect(std::vector<Sample>& out) const {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    out.push_back({.name = "dunlin_sessions", .help = "Sessions now, by state", .type = MetricType::gauge,
                   .labels = {{"state", kStepNames[i]}}, .value = static_cast<double>(steps_[i]), .buckets = {}});
  for (std::size_t i = 0; i < closes_.size(); ++i)
    out.push_back({.name = "dunlin_closes_total", .help = "Sessions that ended, by reason", .type = MetricType::counter,
                   .labels = {{"reason", kCloseRows[i].label}}, .value = static_cast<double>(closes_[i]), .buckets = {}});
  out.push_back({.name = "dunlin_logins_total", .help = "Log-ins that succeeded", .type = MetricType::counter,
                 .labels = {}, .value = static_cast<double>(logins_), .buckets = {}});
}

}  // namespace dunlin
