/* SPDX-License-Identifier: Apache-2.0 */
/* house-rules: who may listen where, what may not be said, and a page about both. One module, three interfaces: a
 * subscribe guard, a publish filter and an HTTP route. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dunlin/dunlin.h"

enum { max_message = 4096 };

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_conn_api *conns;
    const dunlin_reply_api *replies;
    const dunlin_ticket_api *tickets;
    const dunlin_timer *timers;
    dunlin_ticket asked; /* the question about "slow" that waits for its timer; 0: none */
    uint64_t refused, changed;
    char text[max_message]; /* what a message was changed into: valid until the next one */
};

static dunlin_str str(const char *text) {
    const dunlin_str all = {text, strlen(text)};
    return all;
}
static int starts_with(dunlin_str text, const char *with) {
    const size_t size = strlen(with);
    return text.size >= size && memcmp(text.data, with, size) == 0;
}

/* The channel "user:ID" is for the user ID alone; "staff" is for nobody; about "slow" it takes a moment to decide,
 * about "slower" five seconds. */
static void think(void *user) {
    dunlin_instance *self = user;
    const dunlin_ticket ticket = self->asked;
    self->asked = 0;
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, NULL);
}
static dunlin_verdict may_subscribe(dunlin_instance *self, dunlin_conn conn, dunlin_str channel, dunlin_ticket ticket) {
    dunlin_uid uid;
    uint64_t timer;
    if (starts_with(channel, "slow")) {
        if (self->asked || self->timers->start(self->host, starts_with(channel, "slower") ? 5000 : 20, 0, think, self, &timer) != DUNLIN_OK) return DUNLIN_DENY;
        self->asked = ticket;
        return DUNLIN_PENDING;
    }
    if (starts_with(channel, "staff")) return self->refused++, DUNLIN_DENY;
    if (!starts_with(channel, "user:")) return DUNLIN_ALLOW;
    if (self->conns->uid(self->host, conn, &uid) != DUNLIN_OK) return self->refused++, DUNLIN_DENY;
    if (channel.size - 5 == uid.text.size && memcmp(channel.data + 5, uid.text.data, uid.text.size) == 0) return DUNLIN_ALLOW;
    return self->refused++, DUNLIN_DENY;
}
static void forget(dunlin_instance *self, dunlin_ticket ticket, int32_t reason) {
    (void)reason;
    if (self->asked == ticket) self->asked = 0;
}
static const dunlin_subscribe_guard guard = {may_subscribe, forget};

/* "darn" becomes "****"; what says "spam" is dropped; nothing that is too long to be looked at passes. */
static dunlin_verdict look_at(dunlin_instance *self, dunlin_str channel, const dunlin_message *message,
                              dunlin_message *instead) {
    const size_t size = message->data.size;
    char *found;
    (void)channel;
    if (message->kind != DUNLIN_TEXT) return DUNLIN_PASS;
    if (size >= max_message || strstr(message->data.data, "spam")) return DUNLIN_DENY;
    if (!strstr(message->data.data, "darn")) return DUNLIN_PASS;
    memcpy(self->text, message->data.data, size + 1); /* what the host passes ends in a NUL */
    while ((found = strstr(self->text, "darn")) != NULL) memset(found, '*', 4);
    self->changed++;
    instead->data.data = self->text;
    instead->data.size = size;
    instead->kind = DUNLIN_TEXT;
    return DUNLIN_ALLOW;
}
static const dunlin_publish_filter filter = {look_at};

static const dunlin_route routes[] = {
    {"GET", "/house-rules", DUNLIN_ROLE_READ, 0},
    {"POST", "/house-rules/echo/", DUNLIN_ROLE_WRITE, 0},
    {"GET", "/house-rules/door", DUNLIN_ROLE_OPEN, 0},
    {"GET", "/house-rules/never", DUNLIN_ROLE_READ, 0},
};
static dunlin_verdict serve(dunlin_instance *self, size_t route, const dunlin_http_call *call, dunlin_ticket ticket) {
    const dunlin_pair header = {str("X-House"), str("rules")};
    dunlin_reply reply = {.status = 200, .headers = &header, .header_count = 1};
    char line[128];
    if (route == 3) return DUNLIN_PENDING; /* the host answers 504 */
    if (route == 2) return DUNLIN_DENY;
    if (route == 1) {
        reply.body = call->body;
        reply.content_type = str("text/plain");
    } else {
        snprintf(line, sizeof line, "{\"refused\":%llu,\"changed\":%llu}", (unsigned long long)self->refused,
                 (unsigned long long)self->changed);
        reply.body = str(line);
    }
    self->replies->send(self->host, ticket, &reply);
    return DUNLIN_PENDING; /* the reply has gone through the ticket */
}
static const dunlin_http_route route = {routes, sizeof routes / sizeof *routes, serve, NULL};

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)host, (void)json;
    *out = NULL;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { (void)settings; }
static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *self = calloc(1, sizeof *self);
    (void)settings;
    if (!self) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->conns = host->get_extension(host, DUNLIN_EXT_CONN);
    self->replies = host->get_extension(host, DUNLIN_EXT_REPLY);
    self->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    self->timers = host->get_extension(host, DUNLIN_EXT_TIMER);
    *out = self;
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *self) { free(self); }

static const void *get_interface(const char *id) {
    if (strcmp(id, DUNLIN_SUBSCRIBE_GUARD) == 0) return &guard;
    if (strcmp(id, DUNLIN_PUBLISH_FILTER) == 0) return &filter;
    return strcmp(id, DUNLIN_HTTP_ROUTE) == 0 ? &route : NULL;
}
static const char *const required[] = {DUNLIN_EXT_CONN, DUNLIN_EXT_REPLY, DUNLIN_EXT_TICKET, DUNLIN_EXT_TIMER, NULL};
static const dunlin_module module = {"house-rules", "1.0", "who may listen, and what may be said",
                                     "{\"type\": \"object\", \"additionalProperties\": false}", required,
                                     configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
