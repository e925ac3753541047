// SPDX-License-Identifier: Apache-2.0
// What a module tells of itself on GET /metrics: dunlin.metrics/1. [worker]
#pragma once

#include <array>

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

using Labels = std::vector<std::pair<std::string, std::string>>;

namespace detail {

inline std::uint32_t define(const Host& host, std::uint32_t kind, std::string_view name, std::string_view help,
                            const dunlin_pair* labels, std::size_t count) {
  std::uint32_t id = 0;
  const dunlin_status status =
      host.need<dunlin_metrics>().define(host.raw(), kind, str(name), str(help), labels, count, &id);
  if (status != DUNLIN_OK) throw StatusError("metric", status);
  return id;
}

class Figure {
 public:
  void add(std::int64_t by = 1) const { metrics_.add(host_, id_, by); }

 protected:
  Figure(const Host& host, std::uint32_t kind, std::string_view name, std::string_view help, const Labels& labels)
      : host_(host.raw()), metrics_(host.need<dunlin_metrics>()) {
    std::vector<dunlin_pair> pairs;
    for (const auto& [label, value] : labels) pairs.push_back({str(label), str(value)});
    id_ = define(host, kind, name, help, pairs.data(), pairs.size());
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

// For a module with many: a row each, and an enum that has them in the same order.
struct FigureRow {
  std::uint32_t kind;  // DUNLIN_METRIC_COUNTER or _GAUGE
  const char *name, *help;
  const char *label = nullptr, *value = nullptr;  // nullptr: none
};

template <class Which, std::size_t N>
class Figures {
 public:
  // Throws StatusError.
  Figures(const Host& host, const FigureRow (&rows)[N]) : host_(host.raw()), metrics_(host.need<dunlin_metrics>()) {
    for (std::size_t i = 0; i < N; ++i) {
      const FigureRow& row = rows[i];
      const dunlin_pair label{str(row.label ? row.label : ""), str(row.value ? row.value : "")};
      ids_[i] = detail::define(host, row.kind, row.name, row.help, &label, row.label ? 1 : 0);
    }
  }
  void add(Which which, std::int64_t by = 1) const { metrics_.add(host_, id_of(which), by); }
  void set(Which which, std::int64_t value) const { metrics_.set(host_, id_of(which), value); }  // of a gauge

 private:
  std::uint32_t id_of(Which which) const { return ids_[static_cast<std::size_t>(which)]; }

  const dunlin_host* host_;
  const dunlin_metrics& metrics_;
  std::array<std::uint32_t, N> ids_{};
};

}  // namespace dunlin::plugin
