/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/timer.h: be called later, on this worker. */
#ifndef DUNLIN_EXT_TIMER_H
#define DUNLIN_EXT_TIMER_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] */
typedef void (*dunlin_timer_fn)(void *user);

#define DUNLIN_EXT_TIMER "dunlin.timer/1"
typedef struct dunlin_timer {
    /* [worker] Calls fn(user) after `after_ms`, then every `every_ms` (0: once). Resolution: about 10 ms; never early. */
    dunlin_status (*start)(const dunlin_host *host, uint64_t after_ms, uint64_t every_ms, dunlin_timer_fn fn, void *user,
                           uint64_t *id) DUNLIN_NOTHROW;
    /* [worker] After it returns fn is not called any more. DUNLIN_E_GONE: it had fired (once) or was stopped. */
    dunlin_status (*stop)(const dunlin_host *host, uint64_t id) DUNLIN_NOTHROW;
} dunlin_timer;

#ifdef __cplusplus
}
#endif

#endif
