/* SPDX-License-Identifier: Apache-2.0 */
/* echo-c: a router that sends every message back. What a script's echo costs is measured against it. */
#include <stdlib.h>
#include <string.h>

#include "dunlin/dunlin.h"

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_conn_api *conns;
};

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)host, (void)json;
    *out = NULL;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { (void)settings; }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    (void)settings;
    *out = malloc(sizeof **out);
    if (*out == NULL) return DUNLIN_E_NO_MEMORY;
    **out = (dunlin_instance){host, host->get_extension(host, DUNLIN_EXT_CONN)};
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *instance) { free(instance); }

static dunlin_verdict opened(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket) {
    (void)self, (void)conn, (void)ticket;
    return DUNLIN_ALLOW;
}
static dunlin_verdict message(dunlin_instance *self, dunlin_conn conn, const dunlin_message *message,
                              dunlin_ticket ticket) {
    (void)ticket;
    self->conns->send(self->host, conn, message->kind, message->data);
    return DUNLIN_ALLOW;
}
static void closed(dunlin_instance *self, dunlin_conn conn, int32_t code, const dunlin_str *why) {
    (void)self, (void)conn, (void)code, (void)why;
}

static const dunlin_router router = {opened, message, closed, NULL, NULL, NULL};
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_ROUTER) == 0 ? &router : NULL; }
static const char *const required[] = {DUNLIN_EXT_CONN, NULL};
static const dunlin_module module = {"echo-c",  "1.0",   "sends every message back", "{\"type\": \"object\"}", required,
                                     configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
