// SPDX-License-Identifier: Apache-2.0
// AnsweredLog: when a node's subscriptions were answered, so that it can tell another that heard of them only later by how
// much it was too late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <vector>

namespace dunlin {

class AnsweredLog {
 public:
  // Everything up to this number of the node's interest is answered.
  void note(std::uint64_t number, std::int64_t now) {
    if (!rows_.empty() && now - rows_.back().at < kTogether) rows_.back().number = number;
    else rows_.push_back({number, now});
    if (rows_.size() <= kMost) return;
    rows_[1].at = rows_[0].at;  // too long ago rather than too short
    rows_.pop_front();
  }

  // Of what came after number `from`, up to `to`: numbers and, behind each, for how many milliseconds what came since the one
  // before had been answered when the other node confirmed it. What it confirmed in time is left out.
  std::vector<std::uint64_t> late(std::uint64_t from, std::uint64_t to, std::int64_t confirmed_at) const {
    auto row = rows_.end();
    while (row != rows_.begin() && std::prev(row)->number > from) --row;
    std::vector<std::uint64_t> late;
    for (; row != rows_.end() && from < to && row->at < confirmed_at; from = row++->number)
      late.insert(late.end(), {row->number, static_cast<std::uint64_t>(confirmed_at - row->at)});
    return late;
  }

 private:
  static constexpr std::int64_t kTogether = 50;  // ms: as if at once
  static constexpr std::size_t kMost = 256;
  struct Row {
    std::uint64_t number;
    std::int64_t at;
  };
  std::deque<Row> rows_;
};

}  // namespace dunlin
