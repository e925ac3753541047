// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/figures.h"

namespace dunlin::http_auth {

const plugin::FigureRow kFigures[kFigureCount] = {
    {DUNLIN_METRIC_COUNTER, "requests_total", "Requests sent to the backend, retries included"},
    {DUNLIN_METRIC_COUNTER, "retries_total", "Requests sent again after a failure"},
    {DUNLIN_METRIC_COUNTER, "results_total", "Tokens checked, by what came of it", "result", "allow"},
    {DUNLIN_METRIC_COUNTER, "results_total", "Tokens checked, by what came of it", "result", "deny"},
    {DUNLIN_METRIC_COUNTER, "results_total", "Tokens checked, by what came of it", "result", "unavailable"},
    {DUNLIN_METRIC_COUNTER, "breaker_opened_total", "Times the circuit breaker opened"},
    {DUNLIN_METRIC_COUNTER, "breaker_refused_total", "Requests not sent because the circuit breaker was open"},
    {DUNLIN_METRIC_COUNTER, "cache_hits_total", "Answers taken from the cache"},
    {DUNLIN_METRIC_COUNTER, "cache_misses_total", "Answers that were not in the cache"},
    {DUNLIN_METRIC_COUNTER, "joins_total", "Tokens that waited for a request under way for the same question"},
    {DUNLIN_METRIC_GAUGE, "breaker_state", "Circuit breaker: 0 closed, 1 open, 2 half open"},
};

}  // namespace dunlin::http_auth
