/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/redis.h: commands to the Redis servers that the configuration names. Connections are pooled per worker and
 * shared: commands are pipelined, and what would belong to one connection alone (MULTI, SUBSCRIBE, SELECT …) is refused. */
#ifndef DUNLIN_EXT_REDIS_H
#define DUNLIN_EXT_REDIS_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_REDIS_NIL 0u     /* a null bulk string or array */
#define DUNLIN_REDIS_STRING 1u  /* `text`: bytes, not always UTF-8 */
#define DUNLIN_REDIS_INTEGER 2u /* `integer` */
#define DUNLIN_REDIS_STATUS 3u  /* `text`, such as "OK" */
#define DUNLIN_REDIS_ERROR 4u   /* `text`, such as "WRONGTYPE Operation against …" */
#define DUNLIN_REDIS_LIST 5u    /* `items` */

typedef struct dunlin_redis_value dunlin_redis_value;
struct dunlin_redis_value {
    dunlin_str text;
    int64_t integer;
    const dunlin_redis_value *items;
    size_t item_count;
    uint32_t kind;
    uint32_t reserved; /* 0 */
};

/* [worker] DUNLIN_OK: the server answered with `value`, which may be an error. Else nobody knows whether the command was
 * carried out, `value` is an error that says what happened, and `status` is DUNLIN_E_TIMEOUT or DUNLIN_E_UNAVAILABLE. */
typedef void (*dunlin_redis_fn)(void *user, dunlin_status status, const dunlin_redis_value *value);

#define DUNLIN_EXT_REDIS "dunlin.redis/1"
typedef struct dunlin_redis {
    /* [worker] DUNLIN_E_NOT_FOUND: the configuration names no such server. */
    dunlin_status (*find)(const dunlin_host *host, dunlin_str name) DUNLIN_NOTHROW;
    /* [worker] fn is called exactly once when DUNLIN_OK was returned, never before that. `timeout_ms` 0: as configured.
     * DUNLIN_E_DENIED: a command that shared connections cannot serve. DUNLIN_E_FULL: too many are under way. The deadline
     * of a router's ticket stands still until then, as for a request of dunlin.http/1. */
    dunlin_status (*command)(const dunlin_host *host, dunlin_str name, const dunlin_str *argv, size_t argc,
                             uint64_t timeout_ms, dunlin_redis_fn fn, void *user, uint64_t *id) DUNLIN_NOTHROW;
    /* [worker] After it returns fn is not called any more; the command may still be carried out. */
    dunlin_status (*cancel)(const dunlin_host *host, uint64_t id) DUNLIN_NOTHROW;
} dunlin_redis;

#ifdef __cplusplus
}
#endif

#endif
