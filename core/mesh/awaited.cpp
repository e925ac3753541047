// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/awaited.h"

namespace dunlin {

std::uint64_t Tallies::expect(unsigned missing, Tally known, Done done, Millis within) {
  const std::uint64_t ticket = next_++;
  Gathering& gathering = *(gatherings_[ticket] = std::make_unique<Gathering>());
  gathering.tally = known;
  gathering.missing = missing;
  gathering.done = std::move(done);
  gathering.deadline.on_fire([this, ticket] { give_up(ticket); });
  wheel_.start(gathering.deadline, within);
  return ticket;
}

void Tallies::report(std::uint64_t ticket, Tally tally) {
  const auto found = gatherings_.find(ticket);
  if (found == gatherings_.end()) return;
  found->second->tally += tally;
  if (--found->second->missing > 0) return;
  const std::unique_ptr<Gathering> finished = std::move(found->second);
  gatherings_.erase(found);
  finished->done(finished->tally);
}

void Tallies::give_up(std::uint64_t ticket) {
  const auto late = gatherings_.extract(ticket);
  Gathering& one = *late.mapped();
  one.tally.fail += one.missing;
  one.done(one.tally);
}

}  // namespace dunlin
