/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/draft/engine.h: carry frames between the nodes of a cluster, as the server's own engines do, `nats` and `local`.
 *
 * A DRAFT: not part of dunlin.h, of the frozen baseline, or of any promise. It may change in every release before it
 * becomes "dunlin.engine/1"; a change has a new number here, and the old one is not served beside it. Build such a plugin for
 * the server that it is loaded by.
 *
 * `mesh: {engine: NAME}` selects a module that serves it; `mesh: {engine: {module: NAME, ...}}` gives it settings. The module
 * is configured, and its link opened, once for the process: `create` is not called for it. It is not hot-swapped.
 *
 * What the host builds on it (membership, who wants which channel, counts, order, what was lost) is docs/cluster.md's. It
 * needs of an engine:
 *
 *   - a frame is handed over at most once, whole, and in the order in which one node sent them to one other;
 *   - nothing that cannot be sent now is kept to be sent later: refuse it instead, the host counts it;
 *   - what is broadcast reaches every other node that is connected; not the sender itself, or harmlessly so;
 *   - the host is told when the link is there and when it is gone. Frames in between may be lost: it notices.
 */
#ifndef DUNLIN_DRAFT_ENGINE_H
#define DUNLIN_DRAFT_ENGINE_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the host wants to hear of a link. Each function may be called from any thread, also by several at a time, also from
 * inside a function of the engine; the host takes one after the other. None after close() has returned. Each returns at once,
 * calls nothing of the engine, and copies what it is given. */
typedef struct dunlin_draft_engine_events {
    void *self; /* to be handed to each of them */
    /* [any-thread] Frames can be sent. `largest` is the size in bytes of the largest that can; at least 65536. */
    void (*connected)(void *self, uint64_t largest) DUNLIN_NOTHROW;
    /* [any-thread] They cannot, until connected() is called again. */
    void (*disconnected)(void *self) DUNLIN_NOTHROW;
    /* [any-thread] A frame has come. */
    void (*received)(void *self, dunlin_str frame) DUNLIN_NOTHROW;
    /* [any-thread] What ask() was given for `node` has reached nobody: its process has ended, or has no link. Whoever waits
     * here for that node is answered now; that it has left the cluster is not concluded. Say it only of what is certain: of
     * a node that is slow, or whose fate is unknown, nothing is said. */
    void (*nobody)(void *self, uint64_t node) DUNLIN_NOTHROW;
} dunlin_draft_engine_events;

/* The engine's own. */
typedef struct dunlin_draft_link dunlin_draft_link;

/* What an engine has to have comes first; ask, flush and alone may be NULL. */
#define DUNLIN_DRAFT_ENGINE "dunlin.draft-engine/2"
typedef struct dunlin_draft_engine {
    /* [setup] Begins to connect, and keeps at it until close(): it does not wait for it. `node` is this process' address,
     * random, never used again. `events` live until close() has returned. Anything but DUNLIN_OK refuses the start; the log
     * says why. */
    dunlin_status (*open)(const dunlin_host *host, const dunlin_settings *settings, uint64_t node,
                          const dunlin_draft_engine_events *events, dunlin_draft_link **out) DUNLIN_NOTHROW;
    /* [any-thread] Always the same one, the host's own, as are send(), ask() and flush(): it waits for nobody but them. Not
     * before connected(). DUNLIN_OK: the frame is on its way. Anything else: it will not travel. */
    dunlin_status (*broadcast)(dunlin_draft_link *link, dunlin_str frame) DUNLIN_NOTHROW;
    /* [any-thread] On the thread of broadcast(), and as that. A node that is not there is no error. */
    dunlin_status (*send)(dunlin_draft_link *link, uint64_t node, dunlin_str frame) DUNLIN_NOTHROW;
    /* [setup] Gives what is on its way out a moment to go, also what flush() has not been called for, and frees the link. */
    void (*close)(dunlin_draft_link *link) DUNLIN_NOTHROW;
    /* [any-thread] On the thread of broadcast(). As send(), in one order with it, for a frame that is to be answered: where
     * nobody is there to do so, nobody() is called, from inside this or later. NULL: the engine cannot tell; send() is called,
     * and who asks a node that has died waits for `mesh.deadline`, or until its silence is noticed. */
    dunlin_status (*ask)(dunlin_draft_link *link, uint64_t node, dunlin_str frame) DUNLIN_NOTHROW;
    /* [any-thread] On the thread of broadcast(), after each of the host's turns in which it has called that, send() or ask():
     * what they have gathered, to be sent as one, goes now. What cannot is lost on its way, which the host notices. NULL: the
     * engine gathers nothing. */
    void (*flush)(dunlin_draft_link *link) DUNLIN_NOTHROW;
    /* [setup] Before open(). 1: with these settings it reaches no other node, ever. This one then stands alone and does
     * without all that a cluster takes (a thread, a number to be claimed, memory for what others want); open() is not called.
     * 0: it may reach others. NULL: as 0. */
    int32_t (*alone)(const dunlin_settings *settings) DUNLIN_NOTHROW;
} dunlin_draft_engine;

#ifdef __cplusplus
}
#endif

#endif
