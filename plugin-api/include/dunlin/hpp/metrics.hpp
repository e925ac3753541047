// SPDX-License-Identifier: Apache-2.0
// Figures of the module's own on GET /metrics: dunlin.metrics/1. [worker]
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

using Labels = std::vector<std::pair<std::string, std::string>>;

namespace detail {

class Figure {
 public:
  void add(std::int64_t by = 1) const { metrics_.add(host_, id_, by); }

 protected:
  Figure(const Host& host, std::uint32_t kind, std::string_view name, std::string_view help, const Labels& labels)
      : host_(host.raw()), metrics_(host.need<dunlin_metrics>(DUNLIN_EXT_METRICS)) {
    std::vector<dunlin_pair> pairs;
    for (const auto& [label, value] : labels) pairs.push_back({str(label), str(value)});
    const dunlin_status status = metrics_.define(host_, kind, str(name), str(help), pairs.data(), pairs.size(), &id_);
    if (status != DUNLIN_OK) throw StatusError("metric", status);
  }
  const dunlin_host* host_;
  const dunlin_metrics& metrics_;
  std::uint32_t id_ = 0;
};

}  // namespace detail

// Make them in the constructor, not per message. Throws StatusError. The name of a counter ends in "_total".
class Counter : public detail::Figure {
 public:
  Counter(const Host& host, std::string_view name, std::string_view help, const Labels& labels = {})
      : Figure(host, DUNLIN_METRIC_COUNTER, name, help, labels) {}
};

class Gauge : public detail::Figure {
 public:
  Gauge(const Host& host, std::string_view name, std::string_view help, const Labels& labels = {})
      : Figure(host, DUNLIN_METRIC_GAUGE, name, help, labels) {}
  void set(std::int64_t value) const { metrics_.set(host_, id_, value); }
};

}  // namespace dunlin::plugin
