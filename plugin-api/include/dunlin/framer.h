/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/framer.h: where does a packet end, and what bytes does a message become? For routers of raw TCP endpoints.
 *
 * A listener with `protocol: socket` hands the stream of bytes to its router's framer, which says where the next packet
 * ends; that packet then comes to the router as a message of kind DUNLIN_BINARY. What is published to a channel, or sent
 * to a connection by its id, goes through encode(); what the module itself sends by dunlin.conn/1 goes out as it is, of
 * whatever kind. A connection without frames has no Close frame either: close codes are for `close` and the log only. */
#ifndef DUNLIN_FRAMER_H
#define DUNLIN_FRAMER_H

#include "dunlin/router.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What input() answers besides the length of a packet. */
#define DUNLIN_FRAMER_WAIT 0     /* there is no whole packet yet, and nobody can tell how long it will be */
#define DUNLIN_FRAMER_DROP (-1)  /* this is not the protocol: close the connection (1002) */
#define DUNLIN_FRAMER_FAULT (-2) /* the module failed: close the connection (1011); so does any other negative value */

/* What encode() may answer besides DUNLIN_OK and failures. */
#define DUNLIN_FRAMER_EACH 1 /* the bytes depend on the connection: ask for each */

/* [worker] Takes a piece of the encoded message; several are joined. `to` is what encode() was given with it. */
typedef void (*dunlin_emit_fn)(void *to, dunlin_str data);

#define DUNLIN_FRAMER "dunlin.framer/1"
typedef struct dunlin_framer {
    /* [worker] `unread` is what has arrived and belongs to no packet yet, at least one byte. The answer is the length of
     * the packet that it begins with. More than there is: called again when that packet is whole. More than the
     * endpoint's `limits.message`: the connection is closed (1009); so is one that waits with `limits.buffer` bytes
     * unread. Not called while the router has not answered for the packet before. */
    int64_t (*input)(dunlin_instance *instance, dunlin_conn conn, dunlin_str unread) DUNLIN_NOTHROW;
    /* [worker] Calls emit(to, …) with the bytes that `message` goes out as. `conn` 0: for every connection of the endpoint
     * at once; DUNLIN_FRAMER_EACH then asks for it connection by connection. Nothing emitted, or a negative status: the
     * message is not delivered, and counted as failed. NULL: messages go out as they are. */
    dunlin_status (*encode)(dunlin_instance *instance, dunlin_conn conn, const dunlin_message *message,
                            dunlin_emit_fn emit, void *to) DUNLIN_NOTHROW;
} dunlin_framer;

#ifdef __cplusplus
}
#endif

#endif
