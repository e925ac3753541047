/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/queue.h: push to a topic, from which backends pop (docs/api.md, queue.pop). */
#ifndef DUNLIN_EXT_QUEUE_H
#define DUNLIN_EXT_QUEUE_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] DUNLIN_OK: `held` messages are in the topic now, this one included. DUNLIN_E_FULL: the topic holds as many as it
 * may, or there are too many topics: nothing was queued. DUNLIN_E_TIMEOUT: the topic's worker did not report in time; it
 * may have been queued. */
typedef void (*dunlin_push_fn)(void *user, dunlin_status status, uint64_t held);

/* A topic belongs to a node and holds a bounded number of messages, each of which goes to one consumer. */
#define DUNLIN_EXT_QUEUE "dunlin.queue/1"
typedef struct dunlin_queue {
    /* [worker] `conn`: the connection that it is about, told to the consumer; 0: none. `topic`: 1 to 255 bytes of UTF-8 without
     * control characters. `data`: UTF-8. fn may be NULL; else it is called exactly once when DUNLIN_OK was returned, never
     * before that. DUNLIN_E_INVALID: topic or data. */
    dunlin_status (*push)(const dunlin_host *host, dunlin_conn conn, dunlin_str topic, dunlin_str data, dunlin_push_fn fn,
                          void *user) DUNLIN_NOTHROW;
} dunlin_queue;

#ifdef __cplusplus
}
#endif

#endif
