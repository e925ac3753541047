// SPDX-License-Identifier: Apache-2.0
// PublishMarks: how often a node had published by moments of the last seconds, by which it reckons what others have missed:
// five moments a second of the last two, since most news is late by less, and one a second of those before.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "core/mesh/interest.h"

namespace dunlin {

// Without counts: when this node began.
struct PublishMark {
  std::int64_t at = 0;
  std::shared_ptr<const PublishCounts::Snapshot> counts;

  std::uint32_t of(std::uint64_t hash) const { return counts ? PublishCounts::of(*counts, hash) : 0; }
};

class PublishMarks {
 public:
  // before() can tell of the last `reach` milliseconds.
  explicit PublishMarks(std::int64_t reach) : reach_(reach) {}

  // To be called often. A mark has the time of the call after: a process may be stopped between looking at the clock and
  // counting, and then what it publishes as it goes on would be taken for older.
  void mark(std::int64_t now, const PublishCounts& published) {
    if (taken_) keep(PublishMark{now, std::exchange(taken_, nullptr)});
    if (now < next_) return;
    next_ = now + kEach;
    taken_ = of(now, published).counts;
  }
  // A mark of this moment, which is not kept here.
  static PublishMark of(std::int64_t now, const PublishCounts& published) {
    return {now, std::make_shared<const PublishCounts::Snapshot>(published.snapshot())};
  }

  PublishMark first() const { return marks_.empty() ? PublishMark{} : marks_.front(); }
  PublishMark last() const { return marks_.empty() ? PublishMark{} : marks_.back(); }
  // The last that was made by then; if it was before the first, that one.
  PublishMark before(std::int64_t at) const {
    const auto found = std::find_if(marks_.rbegin(), marks_.rend(), [at](const PublishMark& mark) { return mark.at <= at; });
    return found != marks_.rend() ? *found : first();
  }

 private:
  void keep(PublishMark mark) {
    if (!marks_.empty() && *marks_.back().counts == *mark.counts) return;  // the last one holds still
    const std::int64_t now = mark.at;
    marks_.push_back(std::move(mark));
    while (marks_.size() > 1 && marks_[1].at < now - reach_) marks_.pop_front();
    for (std::size_t i = 1; i + 1 < marks_.size() && marks_[i + 1].at < now - kFine;) {
      if (marks_[i + 1].at - marks_[i - 1].at > kCoarse) ++i;
      else marks_.erase(marks_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  static constexpr std::int64_t kEach = 200, kFine = 2000, kCoarse = 1000;  // ms
  const std::int64_t reach_;
  std::int64_t next_ = 0;
  std::shared_ptr<const PublishCounts::Snapshot> taken_;  // by the last call; nullptr: it was not due
  std::deque<PublishMark> marks_;
};

}  // namespace dunlin
