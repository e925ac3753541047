// SPDX-License-Identifier: Apache-2.0
#include "core/api/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>

#include "core/base/check.h"

namespace dunlin {
namespace {

prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::counter: return prometheus::MetricType::Counter;
    case MetricType::gauge: return prometheus::MetricType::Gauge;
    case MetricType::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void add(Sample& to, const Sample& from) {
  to.value += from.value;
  to.count += from.count;
  for (std::size_t i = 0; i < to.buckets.size() && i < from.buckets.size(); ++i)
    to.buckets[i].second += from.buckets[i].second;
}

prometheus::ClientMetric metric_of(const Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  metric.counter.value = metric.gauge.value = sample.value;
  metric.histogram.sample_count = sample.count;
  metric.histogram.sample_sum = sample.value;
  for (const auto& [bound, count] : sample.buckets) metric.histogram.bucket.push_back({count, bound});
  if (sample.type == MetricType::histogram)
    metric.histogram.bucket.push_back({sample.count, std::numeric_limits<double>::infinity()});
  return metric;
}

}  // namespace

std::string metrics_text(const std::vector<Sample>& samples) {
  std::map<std::string, std::map<std::vector<std::pair<std::string, std::string>>, Sample>> families;
  for (const Sample& sample : samples) {
    const auto [there, fresh] = families[sample.name].try_emplace(sample.labels, sample);
    if (!fresh) add(there->second, sample);
  }
  std::vector<prometheus::MetricFamily> out;
  for (const auto& [name, rows] : families) {
    const Sample& first = rows.begin()->second;
    prometheus::MetricFamily family{.name = name, .help = first.help, .type = type_of(first.type), .metric = {}};
    for (const auto& [labels, sample] : rows) family.metric.push_back(metric_of(sample));
    out.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(out);
}

}  // namespace dunlin
