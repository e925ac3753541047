// SPDX-License-Identifier: Apache-2.0
// ConnectionLimits: how many connections each endpoint has, over all workers. [any-thread]
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/config/config.h"

namespace dunlin {

class ConnectionLimits {
 public:
  explicit ConnectionLimits(const Config& config) {
    for (const Listener& listener : config.listeners)
      counts_.push_back(std::make_unique<std::atomic<std::uint32_t>[]>(listener.endpoints.size()));
  }

  bool acquire(std::size_t listener, std::size_t endpoint, std::uint32_t limit) {
    std::atomic<std::uint32_t>& count = counts_[listener][endpoint];
    if (count.fetch_add(1, std::memory_order_relaxed) < limit) return true;
    count.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void release(std::size_t listener, std::size_t endpoint) {
    counts_[listener][endpoint].fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::vector<std::unique_ptr<std::atomic<std::uint32_t>[]>> counts_;
};

}  // namespace dunlin
