// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/process_figures.h"

namespace dunlin {

const char* process_end_label(ProcessEnd end) {
  constexpr const char* kLabels[] = {"signal", "exit", "hang", "nonsense", "start"};
  return kLabels[static_cast<std::size_t>(end)];
}

void ProcessFigures::collect(const std::string& module, std::vector<Sample>& out) const {
  if (!used) return;
  const auto add = [&](const char* name, const char* help, MetricType type, double value, const char* reason = nullptr) {
    Sample sample{.name = name, .help = help, .type = type, .labels = {{"module", module}}, .value = value, .buckets = {}};
    if (reason) sample.labels.emplace_back("reason", reason);
    out.push_back(std::move(sample));
  };
  add("dunlin_module_processes", "Processes of isolated modules that answer", MetricType::gauge,
      static_cast<double>(running));
  add("dunlin_module_restarts_total", "Processes of isolated modules that took the place of one that ended",
      MetricType::counter, static_cast<double>(restarts));
  add("dunlin_module_refused_total", "Questions to isolated modules that no process answered", MetricType::counter,
      static_cast<double>(refused));
  for (std::size_t i = 0; i < ends.size(); ++i)
    add("dunlin_module_process_ends_total", "Processes of isolated modules that ended unasked", MetricType::counter,
        static_cast<double>(ends[i]), process_end_label(static_cast<ProcessEnd>(i)));
}

}  // namespace dunlin
