// SPDX-License-Identifier: Apache-2.0
// dunlin.timer/1
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {

std::uint64_t InstanceTimers::start(Instance& instance, Millis after, Millis every, dunlin_timer_fn fn, void* user) {
  const std::uint64_t id = next_++;
  // The service's timer is stopped before the instance goes, so that it may hold it bare.
  const std::uint64_t service_id =
      instance.services().timer_start(after, every, [this, &instance, id] { fired(instance, id); });
  running_.emplace(id, Ticking{service_id, fn, user, every == Millis{0}, instance.cause()});
  return id;
}

void InstanceTimers::fired(Instance& instance, std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const Ticking ticking = found->second;
  if (ticking.once) running_.erase(found);
  HookScope scope(instance, Hook::timer, 0, ticking.cause);
  ticking.fn(ticking.user);
}

bool InstanceTimers::stop(Services& services, std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return false;
  services.timer_stop(found->second.service_id);
  running_.erase(found);
  return true;
}

void InstanceTimers::stop_all(Services& services) {
  for (const auto& [id, ticking] : running_) services.timer_stop(ticking.service_id);
  running_.clear();
}

namespace {

dunlin_status start(const dunlin_host* host, std::uint64_t after_ms, std::uint64_t every_ms, dunlin_timer_fn fn,
                    void* user, std::uint64_t* id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!fn || !id) return DUNLIN_E_INVALID;
    *id = instance.timers().start(instance, millis(after_ms), millis(every_ms), fn, user);
    return DUNLIN_OK;
  });
}

dunlin_status stop(const dunlin_host* host, std::uint64_t id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    return instance.timers().stop(instance.services(), id) ? DUNLIN_OK : DUNLIN_E_GONE;
  });
}

}  // namespace

const dunlin_timer kTimerTable = {start, stop};

}  // namespace dunlin
