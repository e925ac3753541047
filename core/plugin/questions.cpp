// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/questions.h"

#include <algorithm>
#include <vector>

namespace dunlin {

void Questions::keep(dunlin_ticket ticket, About about, Told told) {
  const std::uint64_t timer =
      stage_.services.timer_start(about.deadline, Millis{0}, [this, ticket] { expired(ticket); });
  if (about.conn) by_conn_.emplace(about.conn, ticket);
  open_.emplace(ticket, Open{std::move(about), std::move(told), timer});
}

// Forgets it: from here on its ticket is nobody's, once that has been released.
Questions::Open Questions::close(dunlin_ticket ticket) {
  Open open = std::move(open_.extract(ticket).mapped());
  if (open.timer) stage_.services.timer_stop(open.timer);
  const auto [first, last] = by_conn_.equal_range(open.about.conn);
  const auto entry = std::find_if(first, last, [&](const auto& one) { return one.second == ticket; });
  if (entry != last) by_conn_.erase(entry);
  return open;
}

bool Questions::take(dunlin_ticket ticket, Answer& answer) {
  if (!open_.contains(ticket)) return false;
  const Open open = close(ticket);
  stage_.tickets.release(ticket);
  open.told(std::move(answer));
  return true;
}

void Questions::expired(dunlin_ticket ticket) {
  const auto found = open_.find(ticket);
  if (found == open_.end()) return;
  found->second.timer = 0;
  const std::shared_ptr<Instance> instance = found->second.about.instance;
  if (!stage_.tickets.claim(ticket, instance.get())) return;  // its answer is on the way
  const Open open = close(ticket);
  stage_.tickets.release(ticket);
  if (open.about.cancel) {
    HookScope scope(*instance, Hook::cancel);
    open.about.cancel(instance->raw(), ticket, DUNLIN_CANCEL_DEADLINE);
  }
  Answer late = fault_answer("no answer within the deadline");
  late.late = true;
  open.told(std::move(late));
}

void Questions::take_back(dunlin_ticket ticket, const Open& open, std::int32_t reason) {
  Instance& instance = *open.about.instance;
  const bool unanswered = stage_.tickets.claim(ticket, &instance);
  stage_.tickets.release(ticket);
  if (!unanswered || !open.about.cancel) return;
  HookScope scope(instance, Hook::cancel);
  open.about.cancel(instance.raw(), ticket, reason);
}

void Questions::cancel(ClientId conn, std::int32_t reason) {
  for (auto entry = by_conn_.find(conn); entry != by_conn_.end(); entry = by_conn_.find(conn)) {
    const dunlin_ticket ticket = entry->second;
    const Open open = close(ticket);
    take_back(ticket, open, reason);
    open.told(std::nullopt);
  }
}

void Questions::cut(const Instance& of) {
  std::vector<dunlin_ticket> tickets;
  for (const auto& [ticket, open] : open_)
    if (open.about.instance.get() == &of) tickets.push_back(ticket);
  for (const dunlin_ticket ticket : tickets) {
    if (!open_.contains(ticket)) continue;
    const Open open = close(ticket);
    take_back(ticket, open, DUNLIN_CANCEL_STOPPING);
    open.told(fault_answer("the module was replaced"));
  }
}

void Questions::stop(const Instance* of) {
  std::vector<dunlin_ticket> tickets;
  for (const auto& [ticket, open] : open_)
    if (!of || open.about.instance.get() == of) tickets.push_back(ticket);
  for (const dunlin_ticket ticket : tickets) take_back(ticket, close(ticket), DUNLIN_CANCEL_STOPPING);
}

bool Questions::waits_for(const Instance& instance) const {
  return std::any_of(open_.begin(), open_.end(),
                     [&](const auto& one) { return one.second.about.instance.get() == &instance; });
}

}  // namespace dunlin
