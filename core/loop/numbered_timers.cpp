// SPDX-License-Identifier: Apache-2.0
#include "core/loop/numbered_timers.h"

#include <utility>

namespace dunlin {

std::uint64_t NumberedTimers::start(Millis after, Millis every, std::function<void()> fire) {
  const std::uint64_t number = next_++;
  auto& ticking = *(timers_[number] = std::make_unique<Ticking>());
  ticking.every = every;
  ticking.fire = std::move(fire);
  ticking.timer.on_fire([this, number] { fired(number); });
  wheel_.start(ticking.timer, after);
  return number;
}

void NumberedTimers::fired(std::uint64_t number) {
  const auto found = timers_.find(number);
  if (found->second->every.count() == 0) {
    const std::unique_ptr<Ticking> last = std::move(found->second);
    timers_.erase(found);
    last->fire();
    return;
  }
  wheel_.start(found->second->timer, found->second->every);
  const auto fire = found->second->fire;  // it may stop its own timer
  fire();
}

}  // namespace dunlin
