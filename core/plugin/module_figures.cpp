// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/module_figures.h"

#include <iterator>

namespace dunlin {

void collect_own(const std::string& module, unsigned worker, const InstanceMetrics& metrics, std::vector<Sample>& out) {
  const std::size_t first = out.size();
  metrics.collect(worker, out);
  std::string prefix = "dunlin_" + module + "_";
  for (char& c : prefix)
    if (c == '-') c = '_';
  for (std::size_t i = first; i < out.size(); ++i) out[i].name.insert(0, prefix);
}

void ModuleFigures::collect(const std::string& module, unsigned worker, std::vector<Sample>& out) const {
  constexpr const char* kOutcomes[] = {"allow", "deny", "pass", "fault", "deadline"};
  constexpr struct {
    const char *name, *help;
  } kRows[] = {{"dunlin_auth_outcomes_total", "What auth modules answered, by module"},
               {"dunlin_guard_outcomes_total", "What subscribe guards answered, by module"},
               {"dunlin_filter_outcomes_total", "What publish filters answered, by module"},
               {"dunlin_route_outcomes_total", "What HTTP routes of modules answered, by module"}};
  for (std::size_t row = 0; row < asked_.size(); ++row)
    for (std::size_t i = 0; asked_[row].serves && i < std::size(kOutcomes); ++i)
      out.push_back({.name = kRows[row].name, .help = kRows[row].help,
                     .labels = {{"module", module}, {"outcome", kOutcomes[i]}},
                     .value = static_cast<double>(asked_[row].outcomes[i]), .buckets = {}});
  if (agreed_ + differed_ > 0)
    for (const bool agreed : {true, false})
      out.push_back({.name = "dunlin_canary_comparisons_total", .help = "Log-ins of which a canary was asked besides",
                     .labels = {{"module", module}, {"result", agreed ? "agreed" : "differed"}},
                     .value = static_cast<double>(agreed ? agreed_ : differed_), .buckets = {}});
  processes_.collect(module, out);
  times_.collect(module, out);
  collect_own(module, worker, ended_, out);
}

}  // namespace dunlin
