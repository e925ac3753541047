// SPDX-License-Identifier: Apache-2.0
#include "core/base/metrics.h"

namespace dunlin {
namespace {

struct Row {
  const char *name, *label, *value, *help;
};

constexpr Row kRows[] = {
#define DUNLIN_ROW(id, name, label, value, help) {"dunlin_" name, label, value, help},
    DUNLIN_COUNTERS(DUNLIN_ROW)
#undef DUNLIN_ROW
};

}  // namespace

const char* counter_label(Counter counter) { return kRows[static_cast<std::size_t>(counter)].value; }

void Counters::collect(std::vector<Sample>& out) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    Sample sample{.name = kRows[i].name, .help = kRows[i].help, .labels = {}, .buckets = {}};
    if (*kRows[i].label) sample.labels.emplace_back(kRows[i].label, kRows[i].value);
    sample.value = static_cast<double>(values_[i]);
    out.push_back(std::move(sample));
  }
}

void DurationHistogram::record_ns(std::int64_t ns) {
  std::size_t bucket = 0;
  while (bucket < kBoundsUs.size() && ns > kBoundsUs[bucket] * 1000) ++bucket;
  ++counts_[bucket];
  sum_ns_ += ns;
}

void DurationHistogram::collect(Sample& out) const {
  out.type = MetricType::histogram;
  out.value = static_cast<double>(sum_ns_) / 1e9;
  out.count = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    out.count += counts_[i];
    if (i < kBoundsUs.size()) out.buckets.emplace_back(static_cast<double>(kBoundsUs[i]) / 1e6, out.count);
  }
}

}  // namespace dunlin
