/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/draft/engine.h: carry frames between the nodes of a cluster, in the place of NATS.
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
 *   - nothing that could not be sent at once is kept to be sent later: refuse it instead, the host counts it;
 *   - what is broadcast reaches every other node that is connected; not the sender itself, or harmlessly so;
 *   - the host is told when the link is there and when it is gone. Frames in between may be lost: it notices.
 */
#ifndef DUNLIN_DRAFT_ENGINE_H
#define DUNLIN_DRAFT_ENGINE_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the host wants to hear of a link. Each function may be called from any thread, also from inside open(), but for
 * those of one link never two at a time; none after close() has returned. It returns at once: the frame is copied. */
typedef struct dunlin_draft_engine_events {
    void *self; /* to be handed to each of them */
    /* [any-thread] Frames can be sent. `largest` is the size in bytes of the largest that can; at least 65536. */
    void (*connected)(void *self, uint64_t largest) DUNLIN_NOTHROW;
    /* [any-thread] They cannot, until connected() is called again. */
    void (*disconnected)(void *self) DUNLIN_NOTHROW;
    /* [any-thread] A frame has come. */
    void (*received)(void *self, dunlin_str frame) DUNLIN_NOTHROW;
} dunlin_draft_engine_events;

/* The engine's own. */
typedef struct dunlin_draft_link dunlin_draft_link;

#define DUNLIN_DRAFT_ENGINE "dunlin.draft-engine/1"
typedef struct dunlin_draft_engine {
    /* [setup] Begins to connect, and keeps at it until close(): it does not wait for it. `node` is this process' address,
     * random, never used again. `events` live until close() has returned. Anything but DUNLIN_OK refuses the start; the log
     * says why. */
    dunlin_status (*open)(const dunlin_host *host, const dunlin_settings *settings, uint64_t node,
                          const dunlin_draft_engine_events *events, dunlin_draft_link **out) DUNLIN_NOTHROW;
    /* [any-thread] Always the same one, the host's own, which waits for nobody but this and send(); not before connected().
     * DUNLIN_OK: the frame is on its way. Anything else: it will not travel. */
    dunlin_status (*broadcast)(dunlin_draft_link *link, dunlin_str frame) DUNLIN_NOTHROW;
    /* [any-thread] On the thread of broadcast(), and as that. A node that is not there is no error. */
    dunlin_status (*send)(dunlin_draft_link *link, uint64_t node, dunlin_str frame) DUNLIN_NOTHROW;
    /* [setup] Gives what is on its way out a moment to go, and frees the link. */
    void (*close)(dunlin_draft_link *link) DUNLIN_NOTHROW;
} dunlin_draft_engine;

#ifdef __cplusplus
}
#endif

#endif
