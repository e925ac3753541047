/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/router.h: what does a message mean, and where does it go? Exactly one router serves an endpoint. */
#ifndef DUNLIN_ROUTER_H
#define DUNLIN_ROUTER_H

#include "dunlin/entry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A whole message, however many frames or reads it came in. */
typedef struct dunlin_message {
    dunlin_str data;
    uint32_t kind;     /* DUNLIN_TEXT (valid UTF-8) or DUNLIN_BINARY */
    uint32_t reserved; /* 0 */
} dunlin_message;

#define DUNLIN_ROUTER "dunlin.router/1"
typedef struct dunlin_router {
    /* [worker] The handshake is done. ALLOW (or PASS): go on. DENY: close it (1008). PENDING: no message is handed
     * over before the answer. */
    dunlin_verdict (*open)(dunlin_instance *instance, dunlin_conn conn, dunlin_ticket ticket) DUNLIN_NOTHROW;
    /* [worker] One message at a time and in order: while one is PENDING the next ones of this connection wait, those of
     * others do not. ALLOW (or PASS): done. DENY: close the connection (1008). An error or a missed deadline closes it
     * (1011). A client that leaves meanwhile cancels it. */
    dunlin_verdict (*message)(dunlin_instance *instance, dunlin_conn conn, const dunlin_message *message,
                              dunlin_ticket ticket) DUNLIN_NOTHROW;
    /* [worker] Exactly once for every open that was not denied. `code` is the WebSocket close code, `why` a short
     * text or NULL. The context can still be read; nothing can be sent. */
    void (*close)(dunlin_instance *instance, dunlin_conn conn, int32_t code, const dunlin_str *why) DUNLIN_NOTHROW;
    /* [worker] The ticket is void: stop working for it. May be NULL. */
    void (*cancel)(dunlin_instance *instance, dunlin_ticket ticket, int32_t reason) DUNLIN_NOTHROW;
    /* [worker] Hot swap: let go of a connection that lives on …; may be NULL. */
    void (*release)(dunlin_instance *instance, dunlin_conn conn) DUNLIN_NOTHROW;
    /* [worker] … and take one over; may be NULL. */
    void (*adopt)(dunlin_instance *instance, dunlin_conn conn) DUNLIN_NOTHROW;
} dunlin_router;

#ifdef __cplusplus
}
#endif

#endif
