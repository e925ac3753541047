/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/channel.h: subscribe a connection, publish to everybody, send to one; on any node. */
#ifndef DUNLIN_EXT_CHANNEL_H
#define DUNLIN_EXT_CHANNEL_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] To how many connections a publish was handed, and to how many it could not be, over all nodes. */
typedef void (*dunlin_publish_fn)(void *user, uint64_t success, uint64_t fail);
/* [worker] DUNLIN_OK, DUNLIN_E_GONE (no such connection), DUNLIN_E_FULL, DUNLIN_E_TIMEOUT. */
typedef void (*dunlin_send_fn)(void *user, dunlin_status status);

/* A channel's name: 1 to 255 bytes, any but control characters. */
#define DUNLIN_EXT_CHANNEL "dunlin.channel/1"
typedef struct dunlin_channel {
    /* [worker] Subscribing twice is one subscription. DUNLIN_E_INVALID: the name. DUNLIN_E_FULL: over the
     * endpoint's limit of channels a connection. DUNLIN_E_DENIED: the endpoint has guards; use DUNLIN_EXT_SUBSCRIBE. */
    dunlin_status (*subscribe)(const dunlin_host *host, dunlin_conn conn, dunlin_str channel) DUNLIN_NOTHROW;
    /* [worker] DUNLIN_E_NOT_FOUND: it was not subscribed. */
    dunlin_status (*unsubscribe)(const dunlin_host *host, dunlin_conn conn, dunlin_str channel) DUNLIN_NOTHROW;
    /* [worker] Delivered exactly as given. fn may be NULL; else it is called exactly once when DUNLIN_OK was
     * returned, never before that, unless the instance is destroyed first. */
    dunlin_status (*publish)(const dunlin_host *host, dunlin_str channel, uint32_t kind, dunlin_str data,
                             dunlin_publish_fn fn, void *user) DUNLIN_NOTHROW;
    /* [worker] To one connection on any worker or node. fn as above. */
    dunlin_status (*send)(const dunlin_host *host, dunlin_conn conn, uint32_t kind, dunlin_str data, dunlin_send_fn fn,
                          void *user) DUNLIN_NOTHROW;
} dunlin_channel;

#ifdef __cplusplus
}
#endif

#endif
