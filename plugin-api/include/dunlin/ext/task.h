/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/task.h: come back to the worker from any thread; send slow work away from it. */
#ifndef DUNLIN_EXT_TASK_H
#define DUNLIN_EXT_TASK_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*dunlin_task_fn)(void *user); /* [worker], but for work(): a thread of the pool, as [any-thread] */

#define DUNLIN_EXT_TASK "dunlin.task/1"
typedef struct dunlin_task {
    /* [any-thread] Calls fn(user) on this instance's worker, in the order of posting. DUNLIN_E_UNAVAILABLE: the
     * instance is being destroyed; fn is never called. */
    dunlin_status (*post)(const dunlin_host *host, dunlin_task_fn fn, void *user) DUNLIN_NOTHROW;
    /* [worker] Calls work(user) on a pool thread, then done(user) on this worker. `done` always comes, unless
     * DUNLIN_OK was not returned; destroy waits for it. */
    dunlin_status (*offload)(const dunlin_host *host, dunlin_task_fn work, dunlin_task_fn done, void *user) DUNLIN_NOTHROW;
} dunlin_task;

#ifdef __cplusplus
}
#endif

#endif
