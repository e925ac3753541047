// SPDX-License-Identifier: Apache-2.0
// Histogram: durations in nanoseconds, each kept to within 1/64 of its value.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dunlin::bench {

class Histogram {
 public:
  void record(std::int64_t ns, std::uint64_t count = 1) {
    counts_[slot_of(static_cast<std::uint64_t>(ns < 0 ? 0 : ns))] += count;
    total_ += count;
  }

  // The upper end of the slot in which that share of the values ends; 0 without values. In microseconds.
  double microseconds(double share) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total_) * share);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (counts_[i] > 0 && (seen > wanted || seen == total_)) return static_cast<double>(upper_of(i)) / 1000;
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 6;  // slots of one power of two: 64
  static std::size_t slot_of(std::uint64_t value) {
    if (value < (1u << kBits)) return static_cast<std::size_t>(value);
    const unsigned power = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return static_cast<std::size_t>((std::uint64_t{power + 1} << kBits) + (value >> power) - (1u << kBits));
  }
  static std::uint64_t upper_of(std::size_t slot) {
    if (slot < (2u << kBits)) return slot;
    const std::uint64_t power = (slot >> kBits) - 1;
    return (((slot & ((1u << kBits) - 1)) + (1u << kBits) + 1) << power) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(std::size_t{65 - kBits} << kBits);
  std::uint64_t total_ = 0;
};

}  // namespace dunlin::bench
