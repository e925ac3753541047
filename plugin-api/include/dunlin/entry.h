/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/entry.h: the one symbol that a plugin exports, and the module behind it.
 *
 * A plugin is NAME.so in the plugin directory; NAME is the module's name in the configuration. It exports
 * one data symbol, links nothing of Dunlin's, and is never unloaded:
 *
 *     const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
 *
 * The declaration below makes it visible; build with -fvisibility=hidden, so that it is the only one that is.
 */
#ifndef DUNLIN_ENTRY_H
#define DUNLIN_ENTRY_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dunlin_module {
    const char *name;            /* as in the file's stem */
    const char *version;
    const char *summary;         /* one line for people */
    const char *settings_schema; /* JSON Schema (draft 4) of the settings, or NULL: the host validates against it
                                    and points at file:line:column */
    const char *const *required; /* extension ids this module cannot do without, NULL-ended; or NULL. A missing
                                    one is said at load, so that get_extension of these never returns NULL */

    /* [setup] Once for each different selection in the configuration. `json` is the settings as a JSON object.
     * Anything but DUNLIN_OK refuses the start; say why through DUNLIN_EXT_CONFIG's fault(). */
    dunlin_status (*configure)(const dunlin_host *host, dunlin_str json, dunlin_settings **out) DUNLIN_NOTHROW;
    /* [setup] After the last instance made from it is gone. */
    void (*discard)(dunlin_settings *settings) DUNLIN_NOTHROW;
    /* [worker] Once on each worker. */
    dunlin_status (*create)(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) DUNLIN_NOTHROW;
    /* [worker] Its tickets have been cancelled. Once it has been called no callback of any service comes any more. */
    void (*destroy)(dunlin_instance *instance) DUNLIN_NOTHROW;
    /* [any-thread] The table behind "dunlin.auth/1", "dunlin.router/1" …; NULL: this module is not one. */
    const void *(*get_interface)(const char *id) DUNLIN_NOTHROW;
} dunlin_module;

#define DUNLIN_MAGIC 0x4e4c4e44u /* "DNLN" */

typedef struct dunlin_plugin {
    uint32_t magic;     /* DUNLIN_MAGIC */
    uint32_t abi_major; /* DUNLIN_ABI_MAJOR of the headers it was built with */
    uint32_t abi_minor;
    uint32_t reserved;  /* 0 */
    const dunlin_module *module;
} dunlin_plugin;

#define DUNLIN_ENTRY_SYMBOL "dunlin_plugin_v1"

#if defined(__GNUC__)
#define DUNLIN_EXPORT __attribute__((visibility("default")))
#else
#define DUNLIN_EXPORT
#endif

extern DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1;

#ifdef __cplusplus
}
#endif

#endif
