// SPDX-License-Identifier: Apache-2.0
// Settling: a channel's first subscription on this worker is settled when the other nodes of the cluster have heard of
// it. What must not be said before that waits here. Without a cluster nothing ever begins. [worker]
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

namespace dunlin {

class Settling {
 public:
  using Task = std::function<void()>;

  // One more is on its way to the others; returns its number.
  std::uint64_t begin() { return ++begun_; }
  // This one and all before it are settled.
  void settle(std::uint64_t number) {
    settled_ = std::max(settled_, number);
    while (!waiting_.empty() && waiting_.front().number <= settled_) {
      const Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      next.task();
    }
  }

  bool busy() const { return settled_ < begun_; }
  std::uint64_t begun() const { return begun_; }
  std::uint64_t settled() const { return settled_; }

  // When all that has begun is settled. REQUIRES: busy()
  void then(Task task) { waiting_.push_back({begun_, std::move(task)}); }

 private:
  struct Waiting {
    std::uint64_t number;
    Task task;
  };
  std::uint64_t begun_ = 0, settled_ = 0;
  std::deque<Waiting> waiting_;
};

}  // namespace dunlin
