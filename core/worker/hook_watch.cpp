// SPDX-License-Identifier: Apache-2.0
#include "core/worker/hook_watch.h"

namespace dunlin {
namespace {

constexpr Millis kLook{1000};
constexpr unsigned kFirstLine = 2;  // seconds

}  // namespace

void HookWatch::start(std::vector<const CrashNote*> workers) {
  for (const CrashNote* note : workers)
    if (note) workers_.push_back({note, 0, 0, kFirstLine});
  wheel_.start(timer_, kLook);
}

void HookWatch::look() {
  std::uint64_t held = 0;
  for (Seen& seen : workers_) {
    look_at(seen);
    held += seen.seconds > 0;
  }
  held_.store(held, std::memory_order_relaxed);
  wheel_.start(timer_, kLook);
}

// The module and the hook are read only where the same call runs as before: what they point to lives as long as the worker.
void HookWatch::look_at(Seen& seen) {
  const char* hook = seen.note->hook.load(std::memory_order_relaxed);
  const std::uint64_t entered = hook ? seen.note->entered.load(std::memory_order_relaxed) : 0;
  if (entered == 0 || entered != seen.entered) {
    if (seen.next_line > kFirstLine) log_.info("hook has returned", {{"worker", seen.note->worker}, {"seconds", seen.seconds}});
    seen = {seen.note, entered, 0, kFirstLine};
    return;
  }
  if (++seen.seconds < seen.next_line) return;
  seen.next_line *= 2;
  const char* module = seen.note->module.load(std::memory_order_relaxed);
  log_.error("hook does not return", {{"module", module ? module : "-"}, {"hook", hook}, {"worker", seen.note->worker},
                                      {"seconds", seen.seconds}});
}

}  // namespace dunlin
