// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/figures.h"

#include <iterator>

namespace dunlin::lua {
namespace {

struct Row {
  std::uint32_t kind;
  const char *name, *help;
};

constexpr Row kFigures[] = {
    {DUNLIN_METRIC_GAUGE, "memory_bytes", "Memory of the Lua state"},
    {DUNLIN_METRIC_GAUGE, "waiting", "Handlers that are suspended and wait for something"},
    {DUNLIN_METRIC_COUNTER, "runs_total", "Handlers that were called"},
    {DUNLIN_METRIC_COUNTER, "errors_total", "Handlers that ended with an error"},
    {DUNLIN_METRIC_COUNTER, "stopped_total", "Handlers that were stopped because they ran over a budget"},
    {DUNLIN_METRIC_COUNTER, "reloads_total", "Changed scripts that were put in force"},
    {DUNLIN_METRIC_COUNTER, "reload_failures_total", "Changed scripts that were no good and were not put in force"},
};
static_assert(std::size(kFigures) == static_cast<std::size_t>(Figure::count));

}  // namespace

Figures::Figures(const Host& host) : host_(host) {
  if (!host.metrics) return;
  for (std::size_t i = 0; i < std::size(kFigures); ++i) {
    const Row& row = kFigures[i];
    defined_[i] =
        host.metrics->define(host.self, row.kind, str(row.name), str(row.help), nullptr, 0, &ids_[i]) == DUNLIN_OK;
  }
}

void Figures::add(Figure figure, std::int64_t value) const {
  const auto i = static_cast<std::size_t>(figure);
  if (defined_[i]) host_.metrics->add(host_.self, ids_[i], value);
}

void Figures::set(Figure figure, std::int64_t value) const {
  const auto i = static_cast<std::size_t>(figure);
  if (defined_[i]) host_.metrics->set(host_.self, ids_[i], value);
}

}  // namespace dunlin::lua
