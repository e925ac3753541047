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

static int ends_with(dunlin_str text, const char *end) {
    const size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static dunlin_verdict guard_check(dunlin_instance *instance, dunlin_conn conn, dunlin_str channel, dunlin_ticket ticket) {
    (void)instance, (void)conn, (void)ticket;
    return ends_with(channel, ":no") ? DUNLIN_DENY : ends_with(channel, ":yes") ? DUNLIN_ALLOW : DUNLIN_PASS;
}
#ifdef FLAW_GUARD
static const dunlin_subscribe_guard guard = {NULL, NULL};
#else
static const dunlin_subscribe_guard guard = {guard_check, NULL};
#endif

#ifdef FLAW_ROUTE /* what is wrong with it */
static dunlin_verdict serve(dunlin_instance *instance, size_t route, const dunlin_http_call *call, dunlin_ticket ticket) {
    (void)instance, (void)route, (void)call, (void)ticket;
    return DUNLIN_ALLOW;
}
static const dunlin_route rows[] = {FLAW_ROUTE};
static const dunlin_http_route route = {rows, sizeof rows / sizeof *rows, serve, NULL};
#endif

#ifdef FLAW_AUTH
static const dunlin_auth auth = {NULL, NULL};
#else
static const dunlin_auth auth = {check, NULL};
#endif

static const void *get_interface(const char *id) {
    (void)check, (void)guard_check;
#ifdef FLAW_ROUTE
    if (strcmp(id, DUNLIN_HTTP_ROUTE) == 0) return &route;
#endif
#ifdef FLAW_MUTE
    (void)auth, (void)guard;
    return strcmp(id, "dunlin.nothing/1") == 0 ? "" : NULL;
#else
    if (strcmp(id, DUNLIN_SUBSCRIBE_GUARD) == 0) return &guard;
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
