// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/figures.h"

#include <string_view>

namespace dunlin::http_auth {
namespace {

struct Row {
  std::uint32_t kind;
  std::string_view name;
  std::string_view result;  // the label of that name, or none
  std::string_view help;
};

// In the order of Figure.
constexpr std::array<Row, static_cast<std::size_t>(Figure::count_)> kRows{{
    {DUNLIN_METRIC_COUNTER, "requests_total", "", "Requests sent to the backend, retries included"},
    {DUNLIN_METRIC_COUNTER, "retries_total", "", "Requests sent again after a failure"},
    {DUNLIN_METRIC_COUNTER, "results_total", "allow", "Tokens checked, by what came of it"},
    {DUNLIN_METRIC_COUNTER, "results_total", "deny", "Tokens checked, by what came of it"},
    {DUNLIN_METRIC_COUNTER, "results_total", "unavailable", "Tokens checked, by what came of it"},
    {DUNLIN_METRIC_COUNTER, "breaker_opened_total", "", "Times the circuit breaker opened"},
    {DUNLIN_METRIC_COUNTER, "breaker_refused_total", "", "Requests not sent because the circuit breaker was open"},
    {DUNLIN_METRIC_COUNTER, "cache_hits_total", "", "Answers taken from the cache"},
    {DUNLIN_METRIC_COUNTER, "cache_misses_total", "", "Answers that were not in the cache"},
    {DUNLIN_METRIC_COUNTER, "joins_total", "", "Tokens that waited for a request under way for the same question"},
    {DUNLIN_METRIC_GAUGE, "breaker_state", "", "Circuit breaker: 0 closed, 1 open, 2 half open"},
}};

dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Figures::Figures(const dunlin_host* host)
    : host_(host), metrics_(static_cast<const dunlin_metrics*>(host->get_extension(host, DUNLIN_EXT_METRICS))) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    const dunlin_pair label{str("result"), str(row.result)};
    metrics_->define(host_, row.kind, str(row.name), str(row.help), &label, row.result.empty() ? 0 : 1, &ids_[i]);
  }
}

void Figures::add(Figure figure) const { metrics_->add(host_, ids_[static_cast<std::size_t>(figure)], 1); }

void Figures::set(Figure figure, std::int64_t value) const {
  metrics_->set(host_, ids_[static_cast<std::size_t>(figure)], value);
}

}  // namespace dunlin::http_auth
