/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/host.h: what the server is to a module, and how a module answers it. */
#ifndef DUNLIN_HOST_H
#define DUNLIN_HOST_H

#include "dunlin/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The server as one module instance sees it. `configure` gets one that lives until `discard`, `create`
 * one that lives until `destroy` has returned. Never copy it: services know their caller by its address. */
typedef struct dunlin_host dunlin_host;
struct dunlin_host {
    const char *name;    /* "dunlin" */
    const char *version; /* the server's version, for logs; decide by get_extension, not by this */
    /* [any-thread] The table of functions behind an id such as DUNLIN_EXT_LOG, or NULL when this host
     * does not have it. A host given to `configure` has only log and config. */
    const void *(*get_extension)(const dunlin_host *host, const char *id) DUNLIN_NOTHROW;
};

/* The user that an auth module found behind a token. */
typedef struct dunlin_identity {
    dunlin_uid uid;             /* required: ALLOW without a uid refuses */
    const dunlin_pair *context; /* put into the connection's context; each value is JSON text */
    size_t context_count;
    const dunlin_str *channels; /* joined at once */
    size_t channel_count;
    int64_t expires_at_ms;      /* Unix time in milliseconds when the session ends unless it logs in again; 0: never */
} dunlin_identity;

/* What goes with a verdict. */
typedef struct dunlin_answer {
    const dunlin_identity *identity; /* with ALLOW from an auth module, else NULL */
    dunlin_str reason;               /* why not: for the log, never sent to a client */
} dunlin_answer;

/* "dunlin.ticket/1": synchronous and asynchronous answers share one path.
 *
 * A hook that is handed a ticket either returns its verdict, or returns DUNLIN_PENDING and calls answer()
 * at any later time, from any thread; it may also call answer() before it returns, and then returns
 * DUNLIN_PENDING too. The first answer wins. A ticket that is not answered within the deadline of its
 * module (`deadline`, default 5 s) is answered by the host with a refusal, and the module's cancel() is told. */
#define DUNLIN_EXT_TICKET "dunlin.ticket/1"
typedef struct dunlin_ticket_api {
    /* [any-thread] `answer` may be NULL. Never calls back into the module before it returns.
     * DUNLIN_E_GONE: answered already, cancelled, or the connection has left; nothing happens.
     * DUNLIN_E_INVALID: PENDING is no answer; the ticket stays open. */
    dunlin_status (*answer)(const dunlin_host *host, dunlin_ticket ticket, dunlin_verdict verdict,
                            const dunlin_answer *answer) DUNLIN_NOTHROW;
} dunlin_ticket_api;

/* Why a ticket was taken back (the `reason` of a cancel hook). */
#define DUNLIN_CANCEL_DEADLINE 1 /* it took too long */
#define DUNLIN_CANCEL_CLOSED 2   /* the connection has left */
#define DUNLIN_CANCEL_STOPPING 3 /* the instance is about to be destroyed */

#ifdef __cplusplus
}
#endif

#endif
