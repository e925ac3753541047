/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/auth.h: who is behind a token? */
#ifndef DUNLIN_AUTH_H
#define DUNLIN_AUTH_H

#include "dunlin/entry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a token came from. */
#define DUNLIN_LOGIN_MESSAGE 1u   /* the connection is open and asked to log in */
#define DUNLIN_LOGIN_HANDSHAKE 2u /* it came with the handshake (Authorization: Bearer …, or ?token=…) */

/* The token; what else the handshake carried is read through DUNLIN_EXT_CONN. */
typedef struct dunlin_credentials {
    dunlin_str token;
    uint32_t source;
    uint32_t reserved; /* 0 */
} dunlin_credentials;

/* An endpoint asks its auth modules in order. PASS asks the next; ALLOW or DENY decides; all passing refuses. An
 * error, a verdict that is none, ALLOW without a uid, or a missed deadline refuses with "try later", unless the
 * entry in the configuration says `on_error: pass`. */
#define DUNLIN_AUTH "dunlin.auth/1"
typedef struct dunlin_auth {
    /* [worker] ALLOW is given through the ticket, since it carries the identity. */
    dunlin_verdict (*check)(dunlin_instance *instance, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) DUNLIN_NOTHROW;
    /* [worker] The ticket is void: stop working for it. May be NULL. */
    void (*cancel)(dunlin_instance *instance, dunlin_ticket ticket, int32_t reason) DUNLIN_NOTHROW;
} dunlin_auth;

#ifdef __cplusplus
}
#endif

#endif
