// SPDX-License-Identifier: Apache-2.0
// Figures: what this module tells of itself on GET /metrics. [worker]
#pragma once

#include "plugins/lua/host.h"

namespace dunlin::lua {

// Rows of kFigures, in this order.
enum class Figure : std::uint8_t { memory, waiting, runs, errors, stopped, reloads, reload_failures, count };

constexpr auto kFigureCount = static_cast<std::size_t>(Figure::count);
extern const plugin::FigureRow kFigures[kFigureCount];
using Figures = plugin::Figures<Figure, kFigureCount>;

}  // namespace dunlin::lua
