// SPDX-License-Identifier: Apache-2.0
// ModuleFigures: what is counted of one module on one worker, over all its instances. They outlive each of them, so that
// a swap makes no counter go back. [worker]
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/metrics.h"
#include "core/plugin/answer.h"
#include "core/plugin/hooks.h"
#include "core/plugin/instance_parts.h"
#include "core/plugin/process_figures.h"

namespace dunlin {

// Who is asked: dunlin_ASKING_outcomes_total counts what they answer.
enum class Asking : std::uint8_t { auth, guard, filter, route, count_ };

class ModuleFigures {
 public:
  explicit ModuleFigures(std::string module) : module_(std::move(module)) {}
  const char* module() const { return module_.c_str(); }  // lives as long as the worker
  HookTimes& times() { return times_; }
  void count(Asking asking, Outcome outcome) {
    ++asked_[static_cast<std::size_t>(asking)].outcomes[static_cast<std::size_t>(outcome)];
  }
  // Its row is there from here on, also while it is all zero.
  void serves(Asking asking) { asked_[static_cast<std::size_t>(asking)].serves = true; }
  // A canary that was asked beside another: did they agree?
  void compared(bool agreed) { ++(agreed ? agreed_ : differed_); }
  ProcessFigures& processes() { return processes_; }
  // The counters of an instance that ends.
  void keep(const InstanceMetrics& ended) { ended_.add_counters(ended); }
  void collect(const std::string& module, unsigned worker, std::vector<Sample>& out) const;

 private:
  std::string module_;
  HookTimes times_;
  InstanceMetrics ended_;
  struct Asked {
    std::array<std::uint64_t, static_cast<std::size_t>(Outcome::count_)> outcomes{};
    bool serves = false;
  };
  std::uint64_t agreed_ = 0, differed_ = 0;
  ProcessFigures processes_;
  std::array<Asked, static_cast<std::size_t>(Asking::count_)> asked_;
};

// Appends a module's own figures, each under the module's name.
void collect_own(const std::string& module, unsigned worker, const InstanceMetrics& metrics, std::vector<Sample>& out);

}  // namespace dunlin
