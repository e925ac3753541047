/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest auth module that says yes: everybody is who the token says. No settings, no cancel, no required list. */
#include <dunlin/dunlin.h>
#include <stdlib.h>
#include <string.h>

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_ticket_api *tickets;
};

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)json, (void)out;
    /* A host of `configure` has log and config only. */
    return host->get_extension(host, DUNLIN_EXT_TICKET) == NULL && host->get_extension(host, DUNLIN_EXT_LOG) != NULL
               ? DUNLIN_OK
               : DUNLIN_E_FAILED;
}
static void discard(dunlin_settings *settings) { (void)settings; }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    (void)settings;
    if (host->get_extension(host, "dunlin.telepathy/3") || host->get_extension(host, NULL)) return DUNLIN_E_FAILED;
    if (!(*out = calloc(1, sizeof **out))) return DUNLIN_E_NO_MEMORY;
    (*out)->host = host;
    (*out)->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *self) { free(self); }

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    dunlin_identity user = {0};
    dunlin_answer yes = {0};
    (void)conn;
    user.uid.text = credentials->token;
    user.uid.kind = DUNLIN_UID_STRING;
    yes.identity = &user;
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
    return DUNLIN_PENDING;
}

static const dunlin_auth auth = {check, NULL};
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL; }

static const dunlin_module module = {"allower", "1.0",   "says yes", NULL,   NULL,
                                     configure, discard, create,     destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
