// SPDX-License-Identifier: Apache-2.0
#include "core/base/span_clock.h"

#include <fstream>
#include <string>

namespace dunlin {
namespace {

constexpr std::int64_t kLearnNs = 50'000'000;
constexpr std::uint64_t kPrecision = 10'000;  // the two readings of a moment lie closer together than this part of the span

// The kernel has looked whether the counter runs evenly, and alike on all cores, before it keeps time by it.
bool kernel_trusts_counter() {
#if defined(__x86_64__)
  std::string source;
  std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource") >> source;
  return source == "tsc";
#else
  return false;
#endif
}

}  // namespace

SpanClock::SpanClock() : trusted_(kernel_trusts_counter()) {
  if (trusted_) base_ = moment();
}

SpanClock::Moment SpanClock::moment() {
  Moment now;
  now.ticks = counter();
  now.ns = steady_ns();
  now.gap = counter() - now.ticks;
  return now;
}

std::int64_t SpanClock::learn() {
  if (!trusted_) return steady_ns();
  const Moment now = moment();
  if (now.ns - base_.ns < kLearnNs) return now.ns;
  const std::uint64_t ticks = now.ticks - base_.ticks;
  if (now.gap + base_.gap < ticks / kPrecision) {
    rate_ = static_cast<double>(now.ns - base_.ns) / static_cast<double>(ticks);
  } else {
    base_ = now;  // the thread was interrupted in between
  }
  return now.ns;
}

}  // namespace dunlin
