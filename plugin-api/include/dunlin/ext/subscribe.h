/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/subscribe.h: subscribe a connection where guards may have a say (guard.h). */
#ifndef DUNLIN_EXT_SUBSCRIBE_H
#define DUNLIN_EXT_SUBSCRIBE_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] DUNLIN_OK: it is subscribed. DUNLIN_E_DENIED: a guard said no, or none said yes. DUNLIN_E_UNAVAILABLE: a guard
 * failed or missed its deadline: try later. DUNLIN_E_FULL: over the endpoint's limit of channels. DUNLIN_E_GONE: the
 * connection has left. */
typedef void (*dunlin_subscribe_fn)(void *user, dunlin_conn conn, dunlin_status status);

/* On an endpoint without guards it does what subscribe() of DUNLIN_EXT_CHANNEL does, which on one with guards returns
 * DUNLIN_E_DENIED: guards cannot be asked from inside a call. A router that is to serve any endpoint uses this one. */
#define DUNLIN_EXT_SUBSCRIBE "dunlin.subscribe/1"
typedef struct dunlin_subscribe {
    /* [worker] Asks the endpoint's guards, then subscribes. When DUNLIN_OK was returned fn is called exactly once, never
     * before that, unless the instance is destroyed first; it comes within the guards' deadlines.
     * DUNLIN_E_INVALID: the name, or fn is NULL. DUNLIN_E_GONE. DUNLIN_E_FULL: over the limit, with those being asked for. */
    dunlin_status (*request)(const dunlin_host *host, dunlin_conn conn, dunlin_str channel, dunlin_subscribe_fn fn,
                             void *user) DUNLIN_NOTHROW;
} dunlin_subscribe;

#ifdef __cplusplus
}
#endif

#endif
