/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/route.h: HTTP paths of a module's own on the API's port. */
#ifndef DUNLIN_ROUTE_H
#define DUNLIN_ROUTE_H

#include "dunlin/entry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who may call: a user with this role of the API's `access`, or anybody. */
#define DUNLIN_ROLE_READ 1u
#define DUNLIN_ROLE_WRITE 2u
#define DUNLIN_ROLE_OPEN 3u /* anybody who reaches the port: the module itself must check who calls */

typedef struct dunlin_route {
    const char *method;  /* "GET" (serves HEAD too), "POST" … */
    const char *path;    /* "/reports" is that path; "/reports/" is every path that begins so. Not below /v1/, and
                            neither /metrics nor /version: those are the server's */
    uint32_t role;       /* DUNLIN_ROLE_READ, _WRITE or _OPEN */
    uint32_t reserved;   /* 0 */
} dunlin_route;

/* One request, whole. Everything lives until the hook returns. */
typedef struct dunlin_http_call {
    dunlin_str method;
    dunlin_str path;            /* without the query, as sent: not percent-decoded */
    dunlin_str query;           /* what follows '?', not percent-decoded */
    dunlin_str body;            /* at most `api.body` bytes */
    dunlin_str peer;            /* "192.0.2.7:51234" */
    const dunlin_pair *headers; /* names in lower case; without "authorization", which is the API's, unless the role is OPEN */
    size_t header_count;
} dunlin_http_call;

/* A module is given paths by `api.routes` in the configuration. */
#define DUNLIN_HTTP_ROUTE "dunlin.http-route/1"
typedef struct dunlin_http_route {
    const dunlin_route *routes; /* constant, as long as the process lives */
    size_t route_count;         /* 1 to 64 */
    /* [worker] `route` is the index into routes. PENDING: the reply comes, or has come, through DUNLIN_EXT_REPLY.
     * ALLOW: 204. DENY: 403. PASS: 404. An error or a verdict that is none: 500. No reply within the deadline
     * (`deadline` of its entry, 5 s): 504. */
    dunlin_verdict (*serve)(dunlin_instance *instance, size_t route, const dunlin_http_call *call,
                            dunlin_ticket ticket) DUNLIN_NOTHROW;
    /* [worker] The ticket is void: stop working for it. May be NULL. */
    void (*cancel)(dunlin_instance *instance, dunlin_ticket ticket, int32_t reason) DUNLIN_NOTHROW;
} dunlin_http_route;

#ifdef __cplusplus
}
#endif

#endif
