/* SPDX-License-Identifier: Apache-2.0 */
/* dunlin/ext/config.h: say what is wrong with the settings; find files named in them. */
#ifndef DUNLIN_EXT_CONFIG_H
#define DUNLIN_EXT_CONFIG_H

#include "dunlin/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DUNLIN_EXT_CONFIG "dunlin.config/1"
typedef struct dunlin_config {
    /* [setup] What is wrong, where (a JSON Pointer into the settings, such as "/keys/0/file"; "" is the whole), and
     * what would be right. The host turns the pointer into file:line:column. Then return DUNLIN_E_INVALID. */
    void (*fault)(const dunlin_host *host, dunlin_str pointer, dunlin_str what) DUNLIN_NOTHROW;
    /* [any-thread] The folder of the configuration file, without a slash at the end: relative paths in settings
     * start there. Lives as long as `host`. */
    dunlin_str (*directory)(const dunlin_host *host) DUNLIN_NOTHROW;
} dunlin_config;

#ifdef __cplusplus
}
#endif

#endif
