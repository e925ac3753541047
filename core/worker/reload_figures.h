// SPDX-License-Identifier: Apache-2.0
// ReloadFigures: what the server's own thread counts, of reloads above all. Read by a worker that is asked for figures.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/base/metrics.h"

namespace dunlin {

struct ReloadFigures {
  std::atomic<std::uint64_t> applied{0}, refused{0};
  std::atomic<std::uint64_t> generation{1};
  std::atomic<std::uint64_t> held_workers{0};  // by a hook that does not return
  std::atomic<std::uint64_t> generations{1};  // that live: the one in force, those being tried or retired

  void collect(std::vector<Sample>& out) const {
    const auto add = [&](const char* name, const char* help, MetricType type, const std::atomic<std::uint64_t>& value,
                         const char* outcome = nullptr) {
      Sample sample{.name = name, .help = help, .type = type, .labels = {}, .buckets = {}};
      sample.value = static_cast<double>(value.load(std::memory_order_relaxed));
      if (outcome) sample.labels.emplace_back("outcome", outcome);
      out.push_back(std::move(sample));
    };
    add("dunlin_reloads_total", "Reloads, by outcome", MetricType::counter, applied, "in_force");
    add("dunlin_reloads_total", "Reloads, by outcome", MetricType::counter, refused, "refused");
    add("dunlin_generation", "The number of the configuration in force", MetricType::gauge, generation);
    add("dunlin_generations", "Configurations that live: in force, being tried, being retired", MetricType::gauge,
        generations);
    add("dunlin_held_workers", "Workers that a module has held for over a second", MetricType::gauge, held_workers);
  }
};

}  // namespace dunlin
