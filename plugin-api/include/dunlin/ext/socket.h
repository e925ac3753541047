/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/socket.h: what only a raw TCP connection has. Besides, dunlin.conn/1 serves it: what is sent goes out as it
 * is, whatever its kind says, and nothing of the handshake is there but the peer's address and certificate. */
#ifndef DUNLIN_EXT_SOCKET_H
#define DUNLIN_EXT_SOCKET_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_EXT_SOCKET "dunlin.socket/1"
typedef struct dunlin_socket {
    /* [worker] How many bytes have arrived and belong to no packet yet. DUNLIN_E_NOT_FOUND: it is no raw TCP connection. */
    dunlin_status (*unread)(const dunlin_host *host, dunlin_conn conn, size_t *size) DUNLIN_NOTHROW;
    /* [worker] Forgets them. Called from dunlin_framer's input(), its answer then counts only if it is negative. */
    dunlin_status (*clear)(const dunlin_host *host, dunlin_conn conn) DUNLIN_NOTHROW;
} dunlin_socket;

#ifdef __cplusplus
}
#endif

#endif
