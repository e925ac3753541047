// SPDX-License-Identifier: Apache-2.0
// WorkerInterest: which workers of the node have a subscriber of a channel, so that a publish troubles no other. A "no" is
// exact, a "yes" may be wrong: channels whose hashes share a slot share what is known of them. Each worker sets and clears
// its own bit, before a client hears that it is subscribed; any worker reads.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace dunlin {

class WorkerInterest {
 public:
  // A bit each, but for those from kRest on, which share the last one: it is always set where there are any.
  using Workers = std::uint64_t;
  static constexpr unsigned kRest = 63;
  static constexpr Workers bit_of(unsigned worker) { return Workers{1} << (worker < kRest ? worker : kRest); }

  // A lonely worker asks nothing and takes no memory. REQUIRES: `slots` is a power of two
  explicit WorkerInterest(unsigned workers, std::size_t slots = std::size_t{1} << 18)
      : workers_(workers), mask_(slots - 1), rest_(workers > kRest ? bit_of(kRest) : 0), counts_(workers) {
    if (workers == 1) return;
    slots_ = std::make_unique<std::atomic<Workers>[]>(slots);
    for (std::vector<std::uint32_t>& count : counts_) count.resize(slots);
  }

  // [any-thread] Whom a publish concerns.
  Workers of(std::uint64_t hash) const { return slots_ ? slots_[hash & mask_].load() | rest_ : bit_of(0); }
  // The same for one of `worker`: whom besides itself.
  Workers others(unsigned worker, std::uint64_t hash) const {
    if (!slots_) return 0;
    return worker < kRest ? of(hash) & ~bit_of(worker) : of(hash);
  }
  unsigned count(Workers some) const {
    const auto one_each = static_cast<unsigned>(std::popcount(some & ~bit_of(kRest)));
    return (some & bit_of(kRest)) == 0 ? one_each : one_each + workers_ - kRest;
  }
  // Of what others() says to `worker`, which is itself one of those that share a bit, if it has none of its own.
  unsigned count_others(Workers others, unsigned worker) const { return count(others) - (worker < kRest ? 0 : 1); }

  // A channel of this hash got its first subscriber on `worker`; its last has left. [that worker]
  void add(unsigned worker, std::uint64_t hash) {
    if (worker < kRest && slots_ && counts_[worker][hash & mask_]++ == 0) slots_[hash & mask_].fetch_or(bit_of(worker));
  }
  void remove(unsigned worker, std::uint64_t hash) {
    if (worker < kRest && slots_ && --counts_[worker][hash & mask_] == 0) slots_[hash & mask_].fetch_and(~bit_of(worker));
  }

 private:
  const unsigned workers_;
  const std::uint64_t mask_;
  const Workers rest_;
  std::unique_ptr<std::atomic<Workers>[]> slots_;
  std::vector<std::vector<std::uint32_t>> counts_;  // by worker: of its channels in each slot
};

}  // namespace dunlin
