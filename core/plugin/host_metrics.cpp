// SPDX-License-Identifier: Apache-2.0
// dunlin.metrics/1
#include <algorithm>

#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {

dunlin_status InstanceMetrics::define(std::uint32_t kind, std::string name, std::string help, Labels labels,
                                      std::uint32_t& id) {
  for (std::size_t i = 0; i < figures_.size(); ++i) {
    if (figures_[i].name != name) continue;
    if (figures_[i].kind != kind) return DUNLIN_E_INVALID;
    if (figures_[i].labels != labels) continue;
    id = static_cast<std::uint32_t>(i + 1);
    return DUNLIN_OK;
  }
  if (figures_.size() == kMost) return DUNLIN_E_FULL;
  figures_.push_back({kind, std::move(name), std::move(help), std::move(labels)});
  ++changes_;
  id = static_cast<std::uint32_t>(figures_.size());
  return DUNLIN_OK;
}

InstanceMetrics::Figure* InstanceMetrics::find(std::uint32_t id) {
  return id > 0 && id <= figures_.size() ? &figures_[id - 1] : nullptr;
}

void InstanceMetrics::add(std::uint32_t id, std::int64_t value) {
  Figure* figure = find(id);
  if (!figure || (figure->kind == DUNLIN_METRIC_COUNTER && value < 0)) return;
  const auto sum = static_cast<std::uint64_t>(figure->value) + static_cast<std::uint64_t>(value);
  figure->value = static_cast<std::int64_t>(sum);  // unsigned, since it may wrap
  ++changes_;
}

void InstanceMetrics::set(std::uint32_t id, std::int64_t value) {
  Figure* figure = find(id);
  if (!figure || figure->kind != DUNLIN_METRIC_GAUGE) return;
  figure->value = value;
  ++changes_;
}

void InstanceMetrics::add_counters(const InstanceMetrics& other) {
  for (const Figure& figure : other.figures_) {
    std::uint32_t id = 0;
    if (figure.kind == DUNLIN_METRIC_COUNTER &&
        define(figure.kind, figure.name, figure.help, figure.labels, id) == DUNLIN_OK)
      add(id, figure.value);
  }
}

void InstanceMetrics::collect(unsigned worker, std::vector<Sample>& out) const {
  for (const Figure& figure : figures_) {
    const bool gauge = figure.kind == DUNLIN_METRIC_GAUGE;
    Sample sample{.name = figure.name, .help = figure.help, .type = gauge ? MetricType::gauge : MetricType::counter,
                  .labels = figure.labels, .value = static_cast<double>(figure.value), .buckets = {}};
    if (gauge) sample.labels.emplace_back("worker", std::to_string(worker));
    out.push_back(std::move(sample));
  }
}

namespace {

constexpr std::size_t kMaxLabels = 4, kMaxText = 200;

bool valid_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= kMaxText && std::all_of(name.begin(), name.end(), plain);
}

bool valid_label(const dunlin_pair& label) {
  if (!sound(label.name) || !sound_text(label.value) || label.value.size > kMaxText) return false;
  const std::string_view name = view(label.name);
  // "worker" is ours; two underscores begin names that Prometheus keeps for itself.
  return valid_name(name) && !(name[0] >= '0' && name[0] <= '9') && !name.starts_with("__") && name != "worker";
}

dunlin_status define(const dunlin_host* host, std::uint32_t kind, dunlin_str name, dunlin_str help,
                     const dunlin_pair* labels, std::size_t label_count, std::uint32_t* id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    const bool counter = kind == DUNLIN_METRIC_COUNTER;
    if (!id || (!counter && kind != DUNLIN_METRIC_GAUGE)) return DUNLIN_E_INVALID;
    if (!sound(name) || !valid_name(view(name)) || !sound_text(help)) return DUNLIN_E_INVALID;
    if (counter && !view(name).ends_with("_total")) return DUNLIN_E_INVALID;
    if (label_count > kMaxLabels || (label_count > 0 && !labels)) return DUNLIN_E_INVALID;
    if (!std::all_of(labels, labels + label_count, valid_label)) return DUNLIN_E_INVALID;
    InstanceMetrics::Labels copied;
    for (std::size_t i = 0; i < label_count; ++i) copied.emplace_back(view(labels[i].name), view(labels[i].value));
    return instance.metrics().define(kind, std::string(view(name)), one_line(view(help)), std::move(copied), *id);
  });
}

void add(const dunlin_host* host, std::uint32_t id, std::int64_t value) noexcept {
  on_worker(host, [&](Instance& instance) {
    instance.metrics().add(id, value);
    return DUNLIN_OK;
  });
}

void set(const dunlin_host* host, std::uint32_t id, std::int64_t value) noexcept {
  on_worker(host, [&](Instance& instance) {
    instance.metrics().set(id, value);
    return DUNLIN_OK;
  });
}

}  // namespace

const dunlin_metrics kMetricsTable = {define, add, set};

}  // namespace dunlin
