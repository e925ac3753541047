// SPDX-License-Identifier: Apache-2.0
// What a node keeps about another, and about the messages between the two.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/mesh/interest.h"
#include "core/mesh/mesh.h"
#include "core/mesh/publish_marks.h"

namespace dunlin {

// The numbers of the messages to and from a node. They outlive its membership: who comes back counts on.
struct ClusterStream {
  std::uint64_t out = 0;      // the last that was sent; 0: a new stream is due
  std::uint64_t in = 0;       // the last that has come
  std::uint64_t claimed = 0;  // that its sender says it has sent …
  std::int64_t claimed_at = 0;
  std::int64_t until = 0;  // when it is forgotten; 0: its node is a member
};

// Channels that a node was heard to subscribe: the numbers of its interest before and then, and how often each had been
// published here by then.
struct ClusterLearnt {
  std::uint64_t before, number;
  std::int64_t at;
  PublishMark oldest;  // for an answer of long ago
  std::vector<std::pair<std::uint64_t, std::uint32_t>> counts;  // hash, count
};

struct ClusterMember {
  ClusterMember(InterestFilter& filter, ClusterStream& numbers) : stream(&numbers), interest(filter) {}

  ClusterStream* stream;
  unsigned number = 0;
  NodeInfo info;
  std::int64_t seen = 0, asked = 0;
  bool silent = false;        // not heard for long: no node of the cluster any more, but it may come back
  PublishMark certain;        // before it was last known what it wants; at first, before it was met
  std::optional<PublishMark> apart;    // since when this node has not heard of what it subscribes
  bool unsure = true;         // what is known of its interest may be old
  bool confirm = false;       // it is to be told how much of its interest is known here
  std::uint64_t knows = 0;    // the number of this node's interest that it has confirmed …
  std::int64_t knew_at = 0;   // … and when
  std::uint64_t told = 0;     // … and up to which it has heard when they were answered, where that was before
  bool behind = false;        // it has let a deadline for that pass: nobody waits for it
  std::uint64_t late = 0;     // answers missed since the last line about it in the log …
  std::int64_t late_told = 0; // … and when that was
  std::deque<ClusterLearnt> learnt;  // until it says that it knows that, and since when it has answered them
  OtherInterest interest;
};

}  // namespace dunlin
