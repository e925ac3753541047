// SPDX-License-Identifier: Apache-2.0
// PublishMarks: how often a node had published by moments of the last seconds, by which it reckons what others have missed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

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
  // Marks are `each` milliseconds apart; before() can tell of the last `reach`.
  PublishMarks(std::int64_t each, std::int64_t reach) : each_(each), reach_(reach) {}

  void mark(std::int64_t now, const PublishCounts& published) {
    if (!marks_.empty() && now - marks_.back().at < each_) return;
    marks_.push_back(of(now, published));
    while (marks_.size() > 1 && marks_[1].at < now - reach_) marks_.pop_front();
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
  const std::int64_t each_, reach_;
  std::deque<PublishMark> marks_;
};

}  // namespace dunlin
