// SPDX-License-Identifier: Apache-2.0
// The module's figures on GET /metrics: one table names them all.
#pragma once

#include <array>
#include <cstdint>

#include "dunlin/dunlin.h"

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

// [worker] One for each instance.
class Figures {
 public:
  explicit Figures(const dunlin_host* host);

  void add(Figure figure) const;
  void set(Figure figure, std::int64_t value) const;

 private:
  const dunlin_host* host_;
  const dunlin_metrics* metrics_;
  std::array<std::uint32_t, static_cast<std::size_t>(Figure::count_)> ids_{};
};

}  // namespace dunlin::http_auth
