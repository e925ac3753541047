/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/metrics.h: figures on GET /metrics, one value a worker, added without a lock. */
#ifndef DUNLIN_EXT_METRICS_H
#define DUNLIN_EXT_METRICS_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_METRIC_COUNTER 1u
#define DUNLIN_METRIC_GAUGE 2u

#define DUNLIN_EXT_METRICS "dunlin.metrics/1"
typedef struct dunlin_metrics {
    /* [worker] Names a figure (in `create`, not per message). `name` is [a-z0-9_]+ and is shown as
     * dunlin_MODULE_NAME with '-' as '_'; a counter's ends in "_total". `labels` are constant, at most 4.
     * Naming the same one again yields the same figure. DUNLIN_E_FULL: more than 256 figures in one instance. */
    dunlin_status (*define)(const dunlin_host *host, uint32_t kind, dunlin_str name, dunlin_str help,
                            const dunlin_pair *labels, size_t label_count, uint32_t *id) DUNLIN_NOTHROW;
    /* [worker] A counter takes value >= 0. */
    void (*add)(const dunlin_host *host, uint32_t id, int64_t value) DUNLIN_NOTHROW;
    /* [worker] Gauges only. */
    void (*set)(const dunlin_host *host, uint32_t id, int64_t value) DUNLIN_NOTHROW;
} dunlin_metrics;

#ifdef __cplusplus
}
#endif

#endif
