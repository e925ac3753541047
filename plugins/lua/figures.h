// SPDX-License-Identifier: Apache-2.0
// Figures: what this module tells of itself on GET /metrics. [worker]
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/lua/host.h"

namespace dunlin::lua {

// Rows of kFigures (figures.cpp), in this order.
enum class Figure : std::uint8_t { memory, waiting, runs, errors, stopped, reloads, reload_failures, count };

class Figures {
 public:
  explicit Figures(const Host& host);
  void add(Figure figure, std::int64_t value = 1) const;
  void set(Figure figure, std::int64_t value) const;

 private:
  const Host& host_;
  std::uint32_t ids_[static_cast<std::size_t>(Figure::count)] = {};
  bool defined_[static_cast<std::size_t>(Figure::count)] = {};
};

}  // namespace dunlin::lua
