/* SPDX-License-Identifier: Apache-2.0 */
/* An auth module that passes everything on; and plugins that must be refused, which are this one with one FLAW_ each. */
#include <dunlin/dunlin.h>
#include <string.h>

#ifndef FLAW_NO_SYMBOL

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)host, (void)json;
    *out = NULL;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { (void)settings; }
#ifdef FLAW_HOOK
#define create NULL
#else
static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    (void)host, (void)settings;
    *out = NULL;
#ifdef FLAW_CREATE
    return DUNLIN_E_NO_MEMORY;
#else
    return DUNLIN_OK;
#endif
}
#endif
static void destroy(dunlin_instance *instance) { (void)instance; }

static dunlin_verdict check(dunlin_instance *instance, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    (void)instance, (void)conn, (void)credentials, (void)ticket;
    return DUNLIN_PASS;
}

#ifdef FLAW_AUTH
static const dunlin_auth auth = {NULL, NULL};
#else
static const dunlin_auth auth = {check, NULL};
#endif

static const void *get_interface(const char *id) {
    (void)check;
#ifdef FLAW_MUTE
    (void)auth;
    return strcmp(id, "dunlin.nothing/1") == 0 ? "" : NULL;
#else
    return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL;
#endif
}

#ifdef FLAW_REQUIRED
static const char *const required[] = {DUNLIN_EXT_LOG, "dunlin.telepathy/3", NULL};
#else
static const char *const required[] = {NULL};
#endif

const dunlin_module module = {
#ifdef FLAW_NAME
    "somebody-else",
#else
    NAME,
#endif
    "1.0", "passes", NULL, required, configure, discard, create, destroy, get_interface};

#ifndef MAGIC
#define MAGIC DUNLIN_MAGIC
#endif
#ifndef MAJOR
#define MAJOR DUNLIN_ABI_MAJOR
#endif

DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {MAGIC, MAJOR, DUNLIN_ABI_MINOR, 0,
#ifdef FLAW_MODULE
                                                      NULL};
#else
                                                      &module};
#endif

#else

extern DUNLIN_EXPORT const int something_else;
const int something_else = 1;

#endif
