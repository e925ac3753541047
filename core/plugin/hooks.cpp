// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/hooks.h"

#include <utility>

#include "core/base/clock.h"
#include "core/plugin/instance.h"

namespace dunlin {

const char* hook_name(Hook hook) {
  constexpr const char* kNames[] = {
#define DUNLIN_NAME(name) #name,
      DUNLIN_HOOKS(DUNLIN_NAME)
#undef DUNLIN_NAME
  };
  return kNames[static_cast<std::size_t>(hook)];
}

bool Trickle::let_through(std::int64_t now_ms) {
  if (now_ms < next_ms_) {
    ++held_back_;
    return false;
  }
  next_ms_ = now_ms + 1000;
  return true;
}

bool HookTimes::record(Hook hook, std::int64_t ns) {
  Row& row = rows_[static_cast<std::size_t>(hook)];
  row.used = true;
  row.duration.record_ns(ns);
  if (ns < kSlowNs) return false;
  ++slow_;
  return row.slow_lines.let_through(steady_ms());
}

void HookTimes::collect(const std::string& module, std::vector<Sample>& out) const {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i].used) continue;
    Sample sample{.name = "dunlin_hook_duration_seconds", .help = "Time spent in modules, by hook", .labels = {},
                  .buckets = {}};
    sample.labels = {{"module", module}, {"hook", hook_name(static_cast<Hook>(i))}};
    rows_[i].duration.collect(sample);
    out.push_back(std::move(sample));
  }
  out.push_back({.name = "dunlin_slow_hooks_total", .help = "Calls of a module that took over 100 ms",
                 .labels = {{"module", module}}, .value = static_cast<double>(slow_), .buckets = {}});
}

HookScope::HookScope(Instance& instance, Hook hook, dunlin_ticket ticket, dunlin_ticket cause)
    : instance_(instance), crash_(instance.stage().crash, instance.lasting_name(), hook_name(hook)),
      outer_(std::exchange(instance.stage().running, this)), ticket_(ticket), cause_(ticket ? ticket : cause),
      began_ns_(instance.stage().clock.now_ns()), hook_(hook) {}

HookScope::~HookScope() {
  const std::int64_t ns = instance_.stage().clock.now_ns() - began_ns_;
  instance_.stage().running = outer_;
  if (instance_.times().record(hook_, ns))
    instance_.log().warn("slow hook", {{"module", instance_.module()}, {"hook", hook_name(hook_)},
                                       {"worker", instance_.stage().worker}, {"ms", ns / 1'000'000}});
}

}  // namespace dunlin
