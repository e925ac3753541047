/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/context.h: values kept with a connection. The host owns them, so that they outlive a swap of the
 * module. Each value is JSON text, which keeps every digit of a 64-bit number. */
#ifndef DUNLIN_EXT_CONTEXT_H
#define DUNLIN_EXT_CONTEXT_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] `value` is the JSON text; with DUNLIN_E_GONE (the connection left) or DUNLIN_E_TIMEOUT it is empty. */
typedef void (*dunlin_context_fn)(void *user, dunlin_status status, dunlin_str value);

#define DUNLIN_EXT_CONTEXT "dunlin.context/1"
typedef struct dunlin_context {
    /* [worker] `out` lives until the hook returns. */
    dunlin_status (*get)(const dunlin_host *host, dunlin_conn conn, dunlin_str key, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] `json` null removes the key. DUNLIN_E_INVALID: not JSON. DUNLIN_E_FULL: over 64 KiB in all. */
    dunlin_status (*set)(const dunlin_host *host, dunlin_conn conn, dunlin_str key, dunlin_str json) DUNLIN_NOTHROW;
    /* [worker] The whole as a JSON object. */
    dunlin_status (*all)(const dunlin_host *host, dunlin_conn conn, dunlin_str *out) DUNLIN_NOTHROW;
    /* [worker] Replaces the whole by the members of a JSON object. */
    dunlin_status (*replace)(const dunlin_host *host, dunlin_conn conn, dunlin_str json) DUNLIN_NOTHROW;
    /* [worker] Calls fn exactly once, when `key` is next set; at once (on the next turn) if it is set already; unless the
     * instance is destroyed first. The deadline of a router's ticket for `conn` stands still meanwhile: `timeout_ms` is
     * the deadline then. */
    dunlin_status (*wait)(const dunlin_host *host, dunlin_conn conn, dunlin_str key, uint64_t timeout_ms,
                          dunlin_context_fn fn, void *user) DUNLIN_NOTHROW;
} dunlin_context;

#ifdef __cplusplus
}
#endif

#endif
