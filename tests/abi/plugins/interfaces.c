/* SPDX-License-Identifier: Apache-2.0 */
/* probe as a guard, a filter and a module of HTTP routes: each does what the channel, the message or the body says. */
#include <string.h>

#include "probe.h"

static dunlin_verdict guard_check(dunlin_instance *self, dunlin_conn conn, dunlin_str channel, dunlin_ticket ticket) {
    return probe_do(self, conn, channel, ticket);
}
const dunlin_subscribe_guard probe_guard = {guard_check, probe_cancel};

static dunlin_verdict look(dunlin_instance *self, dunlin_str channel, const dunlin_message *message,
                           dunlin_message *instead) {
    const char *text = message->data.data;
    (void)channel;
    if (strcmp(text, "change") == 0) {
        strcpy(self->instead, "changed");
        instead->data = probe_str(self->instead);
        instead->kind = DUNLIN_TEXT;
    } else if (strcmp(text, "to-binary") == 0) {
        instead->data.data = "\xff";
        instead->data.size = 1;
        instead->kind = DUNLIN_BINARY;
    } else if (strcmp(text, "not-utf8") == 0) {
        instead->data.data = "\xff";
        instead->data.size = 1;
        instead->kind = DUNLIN_TEXT;
    } else if (strcmp(text, "no-kind") == 0) {
        instead->data = probe_str("x");
    } else if (strcmp(text, "lying") == 0) {
        instead->data.size = 5;
        instead->kind = DUNLIN_TEXT;
    } else if (strcmp(text, "shorter") == 0) { /* a part of what it was handed */
        instead->data.data = text;
        instead->data.size = 5;
        instead->kind = DUNLIN_TEXT;
    } else if (strcmp(text, "pending") == 0) {
        return DUNLIN_PENDING;
    } else if (strcmp(text, "publish") == 0) {
        probe_say(self, "publish %d", (int)self->channels->publish(self->host, probe_str("a"), DUNLIN_TEXT, probe_str("b"), NULL, NULL));
    } else {
        return probe_do(self, 0, message->data, 0);
    }
    return DUNLIN_ALLOW;
}
const dunlin_publish_filter probe_filter = {look};

/* "reply:STATUS": with that status; "reply-header:NAME" with a header of that name. */
static dunlin_status reply(dunlin_instance *self, dunlin_ticket ticket, const dunlin_http_call *call) {
    const dunlin_pair header = {probe_str(self->rest), probe_str("v")};
    dunlin_reply all = {0};
    const int status = call->body.data[5] == ':' ? (call->body.data[6] - '0') * 100 : 200;
    all.status = status;
    all.body = call->path;
    if (call->body.data[5] != ':') {
        all.headers = &header;
        all.header_count = 1;
        all.content_type = probe_str("text/plain");
    }
    return self->replies->send(self->host, ticket, &all);
}

static dunlin_verdict serve(dunlin_instance *self, size_t route, const dunlin_http_call *call, dunlin_ticket ticket) {
    const char *colon = strchr(call->body.data, ':');
    if (route != 1 || strncmp(call->body.data, "reply", 5) != 0) return probe_do(self, 0, call->body, ticket);
    self->rest = colon ? colon + 1 : "";
    const dunlin_status first = reply(self, ticket, call);
    probe_say(self, "reply %d, again %d", (int)first, (int)reply(self, ticket, call));
    return DUNLIN_PENDING;
}
static const dunlin_route rows[] = {{"GET", "/probe", DUNLIN_ROLE_READ, 0}, {"POST", "/probe", DUNLIN_ROLE_WRITE, 0}};
const dunlin_http_route probe_route = {rows, 2, serve, probe_cancel};
