/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/http.h: ask an HTTP server. Connections are kept alive and pooled per worker; nothing blocks. */
#ifndef DUNLIN_EXT_HTTP_H
#define DUNLIN_EXT_HTTP_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_HTTP_NO_VERIFY 1u /* do not verify the server's certificate: for development only */
#define DUNLIN_HTTP_FOLLOW 2u    /* follow up to 5 redirects, http and https only; credentials stay with their host */
#define DUNLIN_HTTP_PUBLIC 4u    /* connect to public addresses only: not to loopback, private, link-local … ones */

typedef struct dunlin_http_request {
    dunlin_str method;           /* "GET", "POST" … */
    dunlin_str url;              /* http:// or https:// */
    dunlin_str body;
    const dunlin_pair *headers;
    size_t header_count;
    dunlin_str ca_file;          /* PEM of the accepted authorities; empty: the system's */
    uint32_t timeout_ms;         /* for the whole exchange; 0: 10 s */
    uint32_t max_body;           /* of the answer, in bytes; 0: 1 MiB. A longer one is an error */
    uint32_t flags;
    uint32_t max_connections;    /* to one host from this worker; 0: 16. Further requests wait their turn */
} dunlin_http_request;

typedef struct dunlin_http_response {
    dunlin_str error;            /* why there is no answer; empty where there is one */
    dunlin_str body;
    dunlin_str url;              /* where it came from, after redirects */
    const dunlin_pair *headers;  /* names in lower case */
    size_t header_count;
    dunlin_status status;        /* DUNLIN_OK: the server answered, with `code`; else E_TIMEOUT, E_UNAVAILABLE, E_FULL (body) */
    int32_t code;                /* 200, 404 … */
} dunlin_http_response;

/* [worker] */
typedef void (*dunlin_http_fn)(void *user, const dunlin_http_response *response);

#define DUNLIN_EXT_HTTP "dunlin.http/1"
typedef struct dunlin_http {
    /* [worker] fn is called exactly once, never before request() has returned, unless the request is cancelled or the
     * instance is destroyed first. The deadline of a router's ticket stands still until then, when the request was made in
     * the hook that got the ticket, or in a callback of what was begun there: `timeout_ms` is the deadline then. */
    dunlin_status (*request)(const dunlin_host *host, const dunlin_http_request *request, dunlin_http_fn fn, void *user,
                             uint64_t *id) DUNLIN_NOTHROW;
    /* [worker] After it returns fn is not called any more. */
    dunlin_status (*cancel)(const dunlin_host *host, uint64_t id) DUNLIN_NOTHROW;
} dunlin_http;

#ifdef __cplusplus
}
#endif

#endif
