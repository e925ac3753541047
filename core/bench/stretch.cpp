// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"
#include "core/bench/work.h"

namespace dunlin::bench {

Stretch::Stretch(const Options& options, const ServerProcess& server, Findings& findings)
    : options_(options), server_(server), findings_(findings), began_(steady_ns()) {}

double Stretch::share() const {
  return static_cast<double>(steady_ns() - began_) / 1e9 / (options_.warm_up + options_.seconds);
}

bool Stretch::goes_on(std::uint64_t messages, std::uint64_t deliveries) {
  const std::int64_t now = steady_ns();
  if (!measuring_) {
    if (static_cast<double>(now - began_) < options_.warm_up * 1e9) return true;
    measuring_ = true;
    from_ = now;
    cpu_ = server_.cpu_seconds().value_or(0);
    messages_ = messages;
    deliveries_ = deliveries;
  }
  if (static_cast<double>(now - from_) < options_.seconds * 1e9) return true;
  if (const auto cpu = server_.cpu_seconds()) findings_.cpu_seconds = *cpu - cpu_;
  findings_.seconds = static_cast<double>(steady_ns() - from_) / 1e9;
  findings_.messages = messages - messages_;
  findings_.deliveries = deliveries - deliveries_;
  measuring_ = false;
  return false;
}

}  // namespace dunlin::bench
