// SPDX-License-Identifier: Apache-2.0
// TopicCount: the bound on a node's topics, which its workers share.
#pragma once

#include <atomic>
#include <cstdint>

namespace dunlin {

// How many topics a node has, over its workers. [any-thread]
class TopicCount {
 public:
  explicit TopicCount(std::uint32_t most) : most_(most) {}
  bool take() {
    if (used_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
    used_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void give_back() { used_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const std::uint32_t most_;
  std::atomic<std::uint32_t> used_{0};
};

}  // namespace dunlin
