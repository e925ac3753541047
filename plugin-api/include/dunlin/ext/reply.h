/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/reply.h: answer an HTTP request that a module's own route was handed (route.h). */
#ifndef DUNLIN_EXT_REPLY_H
#define DUNLIN_EXT_REPLY_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dunlin_reply {
    dunlin_str body;
    dunlin_str content_type;    /* empty: "application/json" */
    const dunlin_pair *headers; /* further ones; not Content-Length, Content-Type, Connection or Transfer-Encoding */
    size_t header_count;        /* at most 64 */
    int32_t status;             /* 200 to 599 */
    uint32_t reserved;          /* 0 */
} dunlin_reply;

#define DUNLIN_EXT_REPLY "dunlin.reply/1"
typedef struct dunlin_reply_api {
    /* [any-thread] As answer() of DUNLIN_EXT_TICKET: the first reply to a ticket wins, it may come before serve() has
     * returned, and everything is copied before this returns. It never calls back into the module.
     * DUNLIN_E_GONE: answered already, or past its deadline; nothing happens. DUNLIN_E_INVALID: a status or a header
     * that cannot be sent; the ticket stays open. */
    dunlin_status (*send)(const dunlin_host *host, dunlin_ticket ticket, const dunlin_reply *reply) DUNLIN_NOTHROW;
} dunlin_reply_api;

#ifdef __cplusplus
}
#endif

#endif
