/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/log.h: a line in the server's log, with the module's name on it. */
#ifndef DUNLIN_EXT_LOG_H
#define DUNLIN_EXT_LOG_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_LOG_DEBUG 0u
#define DUNLIN_LOG_INFO 1u
#define DUNLIN_LOG_WARN 2u
#define DUNLIN_LOG_ERROR 3u

#define DUNLIN_EXT_LOG "dunlin.log/1"
typedef struct dunlin_log {
    /* [any-thread] `conn` may be 0. Put no token and no secret into a log. */
    void (*write)(const dunlin_host *host, uint32_t level, dunlin_conn conn, dunlin_str text) DUNLIN_NOTHROW;
    /* [any-thread] 1 when a line of this level would be written, so that nothing is formatted in vain. */
    int32_t (*enabled)(const dunlin_host *host, uint32_t level) DUNLIN_NOTHROW;
} dunlin_log;

#ifdef __cplusplus
}
#endif

#endif
