/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/loop.h: the worker's own event loop, for modules that bring clients built on libuv. */
#ifndef DUNLIN_EXT_LOOP_H
#define DUNLIN_EXT_LOOP_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The loop is libuv's, from the shared library libuv.so.1 that the server has loaded: link the same one (never a static
 * copy, whose structs may differ), and compare version() with your uv_version() in `create`.
 *
 * Handles are the module's own. Close every one before `destroy` returns; their close callbacks come on a later turn,
 * and free what belongs to them, not the instance. Callbacks of libuv run on the worker, between hooks: services may
 * be called from them. Never run, stop or close the loop. */
#define DUNLIN_EXT_LOOP "dunlin.loop/1"
typedef struct dunlin_loop {
    /* [worker] The uv_loop_t; NULL from another thread. Lives until `destroy` has returned, and as long after it as handles
     * of the instance are closing. */
    void *(*uv_loop)(const dunlin_host *host) DUNLIN_NOTHROW;
    /* [any-thread] uv_version() of the libuv that the server runs, for instance 0x012c02 for 1.44.2. */
    uint32_t (*version)(const dunlin_host *host) DUNLIN_NOTHROW;
} dunlin_loop;

#ifdef __cplusplus
}
#endif

#endif
