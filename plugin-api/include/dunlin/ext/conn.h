/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/conn.h: a connection of this worker: what it brought, who it is, what to send it. */
#ifndef DUNLIN_EXT_CONN_H
#define DUNLIN_EXT_CONN_H

#include "dunlin/auth.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Headers are those that HTTP names, the usual ones besides (x-request-id, x-api-key …), and what the endpoint's `headers` lists
 * in the configuration: any other one is not kept.
 *
 * What info() tells. Those marked * came with the handshake and are kept until the connection has logged in
 * for the first time; after that they are DUNLIN_E_NOT_FOUND, which keeps a connection small. */
#define DUNLIN_CONN_REMOTE_ADDR 1u /* "192.0.2.7:51234" or "[2001:db8::1]:51234" */
#define DUNLIN_CONN_METHOD 2u      /* * "GET" */
#define DUNLIN_CONN_URI 3u         /* * "/message-center?token=x" */
#define DUNLIN_CONN_PROTOCOL 4u    /* * "HTTP/1.1" */
#define DUNLIN_CONN_HOST 5u        /* * of the Host header */
#define DUNLIN_CONN_PATH 6u        /* the endpoint's path in the configuration */
#define DUNLIN_CONN_TLS_SUBJECT 7u /* * of the client's verified certificate */

/* The outcome of authenticate(): DUNLIN_ALLOW or DUNLIN_DENY; with DENY, `status` is DUNLIN_E_DENIED (the token is
 * no good), DUNLIN_E_UNAVAILABLE (nobody could tell: try later) or DUNLIN_E_GONE (the connection left). [worker] */
typedef void (*dunlin_login_fn)(void *user, dunlin_conn conn, dunlin_verdict verdict, dunlin_status status);

#define DUNLIN_EXT_CONN "dunlin.conn/1"
typedef struct dunlin_conn_api {
    /* [worker] `out` lives until the hook returns. */
    dunlin_status (*info)(const dunlin_host *host, dunlin_conn conn, uint32_t what, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] * A request header by its name in lower case; the first of several. */
    dunlin_status (*header)(const dunlin_host *host, dunlin_conn conn, dunlin_str name, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] * The index-th header; DUNLIN_E_NOT_FOUND ends the list. */
    dunlin_status (*header_at)(const dunlin_host *host, dunlin_conn conn, size_t index, dunlin_pair *out) DUNLIN_NOTHROW;
    /* [worker] * A query parameter, percent-decoded; the first of several. */
    dunlin_status (*query)(const dunlin_host *host, dunlin_conn conn, dunlin_str name, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] * A cookie. */
    dunlin_status (*cookie)(const dunlin_host *host, dunlin_conn conn, dunlin_str name, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] An option of the endpoint (`options:` in the configuration) as JSON text. */
    dunlin_status (*option)(const dunlin_host *host, dunlin_conn conn, dunlin_str name, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] Who it is logged in as; DUNLIN_E_NOT_FOUND before log-in. */
    dunlin_status (*uid)(const dunlin_host *host, dunlin_conn conn, dunlin_uid *out) DUNLIN_NOTHROW;
    /* [worker] Runs the endpoint's auth chain. fn is called exactly once when DUNLIN_OK was returned, never before
     * that, unless the instance is destroyed first. On ALLOW the connection is logged in: uid and context are set, channels joined. One log-in of a
     * connection may run at a time: DUNLIN_E_FULL. */
    dunlin_status (*authenticate)(const dunlin_host *host, dunlin_conn conn, const dunlin_credentials *credentials,
                                  dunlin_login_fn fn, void *user) DUNLIN_NOTHROW;
    /* [worker] Text must be UTF-8: DUNLIN_E_INVALID. DUNLIN_E_FULL: its outbox is over the limit; it will be closed. */
    dunlin_status (*send)(const dunlin_host *host, dunlin_conn conn, uint32_t kind, dunlin_str data) DUNLIN_NOTHROW;
    /* [worker] Closes after what was sent before. `code` 1000 to 4999, `reason` at most 123 bytes of UTF-8. */
    dunlin_status (*close)(const dunlin_host *host, dunlin_conn conn, int32_t code, dunlin_str reason) DUNLIN_NOTHROW;
} dunlin_conn_api;

#ifdef __cplusplus
}
#endif

#endif
