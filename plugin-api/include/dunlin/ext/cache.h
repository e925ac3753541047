/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/cache.h: values shared by all workers of a module with the same settings; each is fetched once, however
 * many ask for it at the same time. It starts empty, and anew with other settings; nothing of it is kept on disk. */
#ifndef DUNLIN_EXT_CACHE_H
#define DUNLIN_EXT_CACHE_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [worker] DUNLIN_OK and the value, which lives until fn returns; or, with no value, what land() was told,
 * DUNLIN_E_TIMEOUT, or DUNLIN_E_UNAVAILABLE (who was fetching it has been destroyed). */
typedef void (*dunlin_cache_fn)(void *user, dunlin_status status, dunlin_str value);

/* A key is 1 to 1024 bytes. All values of a cache together hold at most 16 MiB; the oldest make room for the new. */
#define DUNLIN_EXT_CACHE "dunlin.cache/1"
typedef struct dunlin_cache {
    /* [worker] `out` lives until the hook returns. DUNLIN_E_NOT_FOUND: it is not there, or past its time. */
    dunlin_status (*get)(const dunlin_host *host, dunlin_str key, dunlin_str *out) DUNLIN_NOTHROW;
    /* [any-thread] Keeps a value for ttl_ms. DUNLIN_E_FULL: it alone is over the limit. */
    dunlin_status (*put)(const dunlin_host *host, dunlin_str key, dunlin_str value, uint64_t ttl_ms) DUNLIN_NOTHROW;
    /* [any-thread] DUNLIN_E_NOT_FOUND: it was not there. */
    dunlin_status (*remove)(const dunlin_host *host, dunlin_str key) DUNLIN_NOTHROW;
    /* [worker] Asks for a value that may have to be fetched. When DUNLIN_OK was returned fn is called exactly once, never
     * before that, unless the instance is destroyed first; after timeout_ms (1 to 3600000) it comes with DUNLIN_E_TIMEOUT.
     * *flight other than 0: it is not there and nobody is fetching it: fetch it, and end the flight with land(). If
     * that does not come within timeout_ms the next who asks gets a flight of its own. */
    dunlin_status (*fetch)(const dunlin_host *host, dunlin_str key, uint64_t timeout_ms, dunlin_cache_fn fn, void *user,
                           uint64_t *flight) DUNLIN_NOTHROW;
    /* [any-thread] Ends a flight of this instance: tells everybody who waits. With status DUNLIN_OK the value is kept for
     * ttl_ms (0: handed to those who wait, and not kept); with another one they get that status. DUNLIN_E_GONE: there is
     * no such flight of this instance (any more). */
    dunlin_status (*land)(const dunlin_host *host, uint64_t flight, dunlin_status status, dunlin_str value,
                          uint64_t ttl_ms) DUNLIN_NOTHROW;
} dunlin_cache;

#ifdef __cplusplus
}
#endif

#endif
