/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/base.h: the words that every other header of the plugin ABI is written in.
 *
 * A released struct, function, constant or meaning never changes; change is a new interface id
 * ("dunlin.auth/2") served beside the old one. Threads are told by a tag on every function:
 *
 *   [setup]       the thread that starts or reloads the server; never inside a worker's loop
 *   [worker]      the worker thread that the instance was created on, and no other
 *   [any-thread]  any thread, at any time between create and destroy
 *
 * A [worker] service called from another thread does nothing and returns DUNLIN_E_THREAD.
 *
 * Ownership: what the host passes to a hook lives until the hook returns; what a plugin passes to
 * the host is copied before the call returns. Nothing allocated on one side is freed by the other. */
#ifndef DUNLIN_BASE_H
#define DUNLIN_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define DUNLIN_NOTHROW noexcept
extern "C" {
#else
#define DUNLIN_NOTHROW
#endif

/* The ABI that these headers describe. A host loads every plugin of its own major version. */
#define DUNLIN_ABI_MAJOR 1
#define DUNLIN_ABI_MINOR 0

/* A run of bytes: UTF-8 where it is text. What the host passes is NUL-terminated too (at data[size]),
 * what a plugin passes need not be. An empty one may have data == NULL. */
typedef struct dunlin_str {
    const char *data;
    size_t size;
} dunlin_str;

/* A name and its value: a header, a context entry, a label. */
typedef struct dunlin_pair {
    dunlin_str name;
    dunlin_str value;
} dunlin_pair;

/* What a call came to: 0, or one of the negative codes below. Unknown negative codes are failures. */
typedef int32_t dunlin_status;
#define DUNLIN_OK 0
#define DUNLIN_E_INVALID (-1)     /* an argument is wrong (NULL, malformed, out of range) */
#define DUNLIN_E_GONE (-2)        /* the connection, ticket, timer or request is no more, or never was */
#define DUNLIN_E_THREAD (-3)      /* a [worker] service was called on another thread */
#define DUNLIN_E_FULL (-4)        /* a bounded queue has no room; nothing was queued */
#define DUNLIN_E_NOT_FOUND (-5)   /* there is no such header, key, option, channel */
#define DUNLIN_E_TIMEOUT (-6)     /* a deadline passed */
#define DUNLIN_E_UNAVAILABLE (-7) /* a service outside could not be reached, or the server is stopping */
#define DUNLIN_E_NO_MEMORY (-8)
#define DUNLIN_E_DENIED (-9)      /* not allowed to */
#define DUNLIN_E_FAILED (-10)     /* anything else; the log says what */

/* What a hook decides. Zeroed memory cannot allow: verdicts fail closed. A value that is not one of
 * these four counts as a fault of the module and refuses. */
typedef int32_t dunlin_verdict;
#define DUNLIN_PASS 0    /* not mine to decide: ask the next in the chain */
#define DUNLIN_ALLOW 1   /* yes; for a router: done, hand me the next message */
#define DUNLIN_DENY 2    /* no; for a router: close the connection */
#define DUNLIN_PENDING 3 /* the answer comes, or has come, through the ticket */

/* A connection: an id that is never used again in the life of the server. A stale one is answered with
 * DUNLIN_E_GONE. Its decimal form is the client id that scripts and the HTTP API use. 0 is none. */
typedef uint64_t dunlin_conn;

/* One question that the host has put to a module: see host.h. 0 is none. */
typedef uint64_t dunlin_ticket;

/* The kind of a message's payload, as in a WebSocket frame. */
#define DUNLIN_TEXT 1u
#define DUNLIN_BINARY 2u

/* Who a user is. `text` is the whole identity: a number is its decimal digits, so that 64-bit ids keep
 * every one of them. `kind` says how it is written in JSON: as a number or as a string. */
#define DUNLIN_UID_NONE 0u
#define DUNLIN_UID_NUMBER 1u
#define DUNLIN_UID_STRING 2u
typedef struct dunlin_uid {
    dunlin_str text;
    uint32_t kind;
    uint32_t reserved; /* 0 */
} dunlin_uid;

/* What a module makes of its settings, shared read-only by all workers; and one worker's instance.
 * Both are the module's own: the host only hands them back. */
typedef struct dunlin_settings dunlin_settings;
typedef struct dunlin_instance dunlin_instance;

#ifdef __cplusplus
}
#endif

#endif
