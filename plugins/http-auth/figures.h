// SPDX-License-Identifier: Apache-2.0
// The module's figures on GET /metrics: one table names them all.
#pragma once

#include <dunlin.hpp>

namespace dunlin::http_auth {

enum class Figure {
  requests,
  retries,
  allowed,
  denied,
  unavailable,
  breaker_opened,
  breaker_refused,
  cache_hits,
  cache_misses,
  joins,
  breaker_state,
  count_,
};

constexpr auto kFigureCount = static_cast<std::size_t>(Figure::count_);
extern const plugin::FigureRow kFigures[kFigureCount];  // in the order of Figure
using Figures = plugin::Figures<Figure, kFigureCount>;

}  // namespace dunlin::http_auth
