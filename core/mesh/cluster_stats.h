// SPDX-License-Identifier: Apache-2.0
// ClusterStats: the cluster's figures, written on its thread, read by whichever worker answers a scrape.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/base/metrics.h"

namespace dunlin {

//        name, type, label value of `reason` or "", full name, help
#define DUNLIN_CLUSTER_STATS(X)                                                                                            \
  X(connected, gauge, "", "dunlin_cluster_connected", "Whether the mesh's engine is connected: 1 or 0")                    \
  X(nodes, gauge, "", "dunlin_cluster_nodes", "Nodes of the cluster as this one sees them, itself included")               \
  X(interest, gauge, "", "dunlin_cluster_interest", "Channels that this node has told the others it wants")                \
  X(joined, counter, "", "dunlin_cluster_joins_total", "Nodes seen to join")                                               \
  X(left, counter, "", "dunlin_cluster_leaves_total", "Nodes that left or fell silent")                                    \
  X(reconnects, counter, "", "dunlin_cluster_reconnects_total", "Times that the connection to the engine was lost")        \
  X(published, counter, "", "dunlin_cluster_publishes_sent_total", "Publishes sent, one for each node that they went to")  \
  X(received, counter, "", "dunlin_cluster_publishes_received_total", "Publishes received from other nodes")               \
  X(bytes_out, counter, "", "dunlin_cluster_sent_bytes_total", "Bytes handed to the engine")                               \
  X(bytes_in, counter, "", "dunlin_cluster_received_bytes_total", "Bytes received from the engine")                        \
  X(bad_frames, counter, "", "dunlin_cluster_bad_frames_total", "Frames from the engine that are none of ours")            \
  X(duplicates, counter, "", "dunlin_cluster_duplicates_total", "Messages that came twice, and were not delivered again")  \
  X(lost, counter, "in_transit", "dunlin_cluster_lost_total", "Messages between nodes that were lost, by reason")          \
  X(unsent, counter, "engine_down", "dunlin_cluster_lost_total", "Messages between nodes that were lost, by reason")       \
  X(too_large, counter, "too_large", "dunlin_cluster_lost_total", "Messages between nodes that were lost, by reason")      \
  X(overload, counter, "overload", "dunlin_cluster_lost_total", "Messages between nodes that were lost, by reason")        \
  X(silent, counter, "silent", "dunlin_cluster_lost_total", "Messages between nodes that were lost, by reason")            \
  X(unheard, counter, "", "dunlin_cluster_unheard_total", "Publishes for nodes that were silent, or not heard in time")         \
  X(partial, counter, "", "dunlin_cluster_partial_total", "Publishes while it was not known what all other nodes want")    \
  X(unconfirmed, counter, "", "dunlin_cluster_unconfirmed_total", "Channels subscribed that not all nodes had heard of")   \
  X(no_answer, counter, "", "dunlin_cluster_unanswered_total", "Publishes that a node did not report on in time")

struct ClusterStats {
#define DUNLIN_STAT(name, type, label, full, help) std::atomic<std::uint64_t> name{0};
  DUNLIN_CLUSTER_STATS(DUNLIN_STAT)
#undef DUNLIN_STAT

  void collect(std::vector<Sample>& out) const {
    const auto add = [&out](MetricType type, const char* label, const char* full, const char* help, std::uint64_t value) {
      Sample sample{.name = full, .help = help, .type = type, .labels = {}, .buckets = {}};
      if (*label) sample.labels.emplace_back("reason", label);
      sample.value = static_cast<double>(value);
      out.push_back(std::move(sample));
    };
#define DUNLIN_STAT(name, type, label, full, help) add(MetricType::type, label, full, help, name.load());
    DUNLIN_CLUSTER_STATS(DUNLIN_STAT)
#undef DUNLIN_STAT
  }
};

}  // namespace dunlin
