// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/figures.h"

namespace dunlin::lua {

const plugin::FigureRow kFigures[kFigureCount] = {
    {DUNLIN_METRIC_GAUGE, "memory_bytes", "Memory of the Lua state"},
    {DUNLIN_METRIC_GAUGE, "waiting", "Handlers that are suspended and wait for something"},
    {DUNLIN_METRIC_COUNTER, "runs_total", "Handlers that were called"},
    {DUNLIN_METRIC_COUNTER, "errors_total", "Handlers that ended with an error"},
    {DUNLIN_METRIC_COUNTER, "stopped_total", "Handlers that were stopped because they ran over a budget"},
    {DUNLIN_METRIC_COUNTER, "reloads_total", "Changed scripts that were put in force"},
    {DUNLIN_METRIC_COUNTER, "reload_failures_total", "Changed scripts that were no good and were not put in force"},
};

}  // namespace dunlin::lua
