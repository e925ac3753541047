/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/filter.h: look at what is published, before it is handed to anybody. */
#ifndef DUNLIN_FILTER_H
#define DUNLIN_FILTER_H

#include "dunlin/router.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The filters of the configuration (`filters:`) are asked in order, once for each publish that enters at this node,
 * from wherever it comes (HTTP API, router, script); never for each recipient, and not again on other nodes.
 *
 * PASS or ALLOW: hand it on, with what `instead` holds in place of the message, to the next filter and then to the
 * subscribers. DENY: it is dropped and counted; its publisher is told of 0 recipients. The answer must come at once:
 * PENDING, an error, or a verdict that is none drops it as a fault, unless the entry says `on_error: pass`, which hands
 * it on as it was. */
#define DUNLIN_PUBLISH_FILTER "dunlin.publish-filter/1"
typedef struct dunlin_publish_filter {
    /* [worker] `channel` and `message` live until the hook returns. `instead` is zeroed: leave it so to keep the message;
     * to replace it set data and kind (text must be UTF-8). Its data is the module's own: it must stay valid until
     * the hook is called again or the instance is destroyed. The host copies it as soon as the hook has returned. */
    dunlin_verdict (*filter)(dunlin_instance *instance, dunlin_str channel, const dunlin_message *message,
                             dunlin_message *instead) DUNLIN_NOTHROW;
} dunlin_publish_filter;

#ifdef __cplusplus
}
#endif

#endif
