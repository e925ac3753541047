/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/guard.h: may this connection subscribe to this channel? */
#ifndef DUNLIN_GUARD_H
#define DUNLIN_GUARD_H

#include "dunlin/entry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An endpoint (`guards:` in the configuration) asks its guards in order, each time a connection asks for a channel that
 * it is not subscribed to. Every guard is asked: DENY refuses; ALLOW is "no objection", and the next is asked; PASS is
 * "not mine to say". It is subscribed when all have been asked, none denied and at least one allowed: so two guards
 * that each protect some channels can stand in one list, and zeroed memory cannot allow. An error, a verdict that is
 * none, or a missed deadline (`deadline` of its entry, 5 s) refuses with "try later", unless the entry says
 * `on_error: pass`. Channels that come with an identity are joined unasked: the auth module has decided. */
#define DUNLIN_SUBSCRIBE_GUARD "dunlin.subscribe-guard/1"
typedef struct dunlin_subscribe_guard {
    /* [worker] `channel` lives until the hook returns. PENDING: the answer comes through the ticket; the connection is
     * not subscribed before that. Several of one connection may be pending. */
    dunlin_verdict (*check)(dunlin_instance *instance, dunlin_conn conn, dunlin_str channel,
                            dunlin_ticket ticket) DUNLIN_NOTHROW;
    /* [worker] The ticket is void: stop working for it. May be NULL. */
    void (*cancel)(dunlin_instance *instance, dunlin_ticket ticket, int32_t reason) DUNLIN_NOTHROW;
} dunlin_subscribe_guard;

#ifdef __cplusplus
}
#endif

#endif
