/* SPDX-License-Identifier: Apache-2.0 */
/* The least that an auth module and a router can do, so that what is measured around them is the host's: a token "d…" is
 * denied by the hook's own verdict, "a…" allowed through the ticket; every message is done with at once. */
#include <dunlin/dunlin.h>
#include <stdlib.h>
#include <string.h>

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_ticket_api *tickets;
};

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)host, (void)json, (void)out;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { (void)settings; }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    (void)settings;
    if (!(*out = malloc(sizeof **out))) return DUNLIN_E_NO_MEMORY;
    (*out)->host = host;
    (*out)->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *self) { free(self); }

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    dunlin_identity who;
    dunlin_answer yes;
    (void)conn;
    if (credentials->token.data[0] != 'a') return DUNLIN_DENY;
    memset(&who, 0, sizeof who);
    memset(&yes, 0, sizeof yes);
    who.uid.text.data = "1001";
    who.uid.text.size = 4;
    who.uid.kind = DUNLIN_UID_NUMBER;
    yes.identity = &who;
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
    return DUNLIN_PENDING;
}

static dunlin_verdict opened(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket) {
    (void)self, (void)conn, (void)ticket;
    return DUNLIN_ALLOW;
}
static dunlin_verdict message(dunlin_instance *self, dunlin_conn conn, const dunlin_message *what, dunlin_ticket ticket) {
    (void)self, (void)conn, (void)ticket;
    return what->data.size > 0 ? DUNLIN_ALLOW : DUNLIN_DENY;
}
static void closed(dunlin_instance *self, dunlin_conn conn, int32_t code, const dunlin_str *why) {
    (void)self, (void)conn, (void)code, (void)why;
}

static const dunlin_auth auth = {check, NULL};
static const dunlin_router router = {opened, message, closed, NULL, NULL, NULL};

static const void *get_interface(const char *id) {
    if (strcmp(id, DUNLIN_AUTH) == 0) return &auth;
    return strcmp(id, DUNLIN_ROUTER) == 0 ? (const void *)&router : NULL;
}

static const char *const required[] = {DUNLIN_EXT_TICKET, NULL};
static const dunlin_module module = {"verdict", "1", "decides at once", NULL, required, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
