/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dunlin_str probe_str(const char *text) {
    dunlin_str str = {text, strlen(text)};
    return str;
}

void probe_say(dunlin_instance *self, const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    self->conns->send(self->host, self->conn, DUNLIN_TEXT, probe_str(line));
}

void probe_thread(dunlin_instance *self, void *(*fn)(void *)) {
    if (self->thread_count == PROBE_THREADS) abort();
    if (pthread_create(&self->threads[self->thread_count++], NULL, fn, self)) abort();
}

dunlin_status probe_allow(dunlin_instance *self, dunlin_ticket ticket, const char *uid) {
    dunlin_identity user = {0};
    dunlin_answer yes = {0};
    user.uid.text = probe_str(uid);
    user.uid.kind = DUNLIN_UID_NUMBER;
    yes.identity = &user;
    return self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
}

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    const dunlin_config *config = host->get_extension(host, DUNLIN_EXT_CONFIG);
    *out = NULL;
    if (!strstr(json.data, "\"refuse\"")) return DUNLIN_OK;
    if (strstr(json.data, "reason")) {
        config->fault(host, probe_str("/refuse"), probe_str("first reason"));
        config->fault(host, probe_str("/list/1"), probe_str("second reason"));
    }
    return DUNLIN_E_INVALID;
}

static void discard(dunlin_settings *settings) { (void)settings; }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *self = calloc(1, sizeof *self);
    (void)settings;
    if (!self) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    self->conns = host->get_extension(host, DUNLIN_EXT_CONN);
    self->channels = host->get_extension(host, DUNLIN_EXT_CHANNEL);
    self->contexts = host->get_extension(host, DUNLIN_EXT_CONTEXT);
    self->timers = host->get_extension(host, DUNLIN_EXT_TIMER);
    self->http = host->get_extension(host, DUNLIN_EXT_HTTP);
    self->tasks = host->get_extension(host, DUNLIN_EXT_TASK);
    self->metrics = host->get_extension(host, DUNLIN_EXT_METRICS);
    self->logs = host->get_extension(host, DUNLIN_EXT_LOG);
    self->subscribes = host->get_extension(host, DUNLIN_EXT_SUBSCRIBE);
    self->queues = host->get_extension(host, DUNLIN_EXT_QUEUE);
    self->replies = host->get_extension(host, DUNLIN_EXT_REPLY);
    self->caches = host->get_extension(host, DUNLIN_EXT_CACHE);
    self->loops = host->get_extension(host, DUNLIN_EXT_LOOP);
    self->redis = host->get_extension(host, DUNLIN_EXT_REDIS);
    self->sockets = host->get_extension(host, DUNLIN_EXT_SOCKET);
    self->configs = host->get_extension(host, DUNLIN_EXT_CONFIG);
    *out = self;
    return DUNLIN_OK;
}

static void destroy(dunlin_instance *self) {
    for (int i = 0; i < self->thread_count; i++) pthread_join(self->threads[i], NULL);
    probe_say(self, "destroyed");
    free(self);
}

static int is(const char *word, dunlin_str text) {
    const size_t length = strlen(word);
    return text.size >= length && memcmp(text.data, word, length) == 0 &&
           (text.size == length || text.data[length] == ':');
}

dunlin_verdict probe_do(dunlin_instance *self, dunlin_conn conn, dunlin_str text, dunlin_ticket ticket) {
    const probe_act *const tables[] = {probe_answers, probe_services, probe_sharing, probe_connection};
    self->conn = conn;
    if (text.data[text.size] != '\0') abort(); /* what the host lends ends with a NUL */
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const probe_act *row = tables[i]; row->word; row++)
            if (is(row->word, text)) {
                self->rest = text.data + strlen(row->word) + (text.size > strlen(row->word));
                return row->run(self, ticket);
            }
    return DUNLIN_PASS;
}

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    return probe_do(self, conn, credentials->token, ticket);
}

static dunlin_verdict on_open(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket) {
    (void)ticket;
    self->conn = conn;
    return DUNLIN_ALLOW;
}

static dunlin_verdict on_message(dunlin_instance *self, dunlin_conn conn, const dunlin_message *message,
                                 dunlin_ticket ticket) {
    return probe_do(self, conn, message->data, ticket);
}

static void on_close(dunlin_instance *self, dunlin_conn conn, int32_t code, const dunlin_str *why) {
    self->conn = conn;
    probe_say(self, "close %d %s", (int)code, why ? why->data : "-");
}

static void on_release(dunlin_instance *self, dunlin_conn conn) {
    self->conn = conn;
    probe_say(self, "release %d", (int)conn);
}

static void on_adopt(dunlin_instance *self, dunlin_conn conn) {
    self->conn = conn;
    probe_say(self, "adopt %d", (int)conn);
}

void probe_cancel(dunlin_instance *self, dunlin_ticket ticket, int32_t reason) {
    probe_say(self, "cancel %d, answer %d", (int)reason,
              (int)self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, NULL));
}

static const dunlin_auth auth = {check, probe_cancel};
static const dunlin_router router = {on_open, on_message, on_close, probe_cancel, on_release, on_adopt};

static const void *get_interface(const char *id) {
    if (strcmp(id, DUNLIN_AUTH) == 0) return &auth;
    if (strcmp(id, DUNLIN_SUBSCRIBE_GUARD) == 0) return &probe_guard;
    if (strcmp(id, DUNLIN_PUBLISH_FILTER) == 0) return &probe_filter;
    if (strcmp(id, DUNLIN_HTTP_ROUTE) == 0) return &probe_route;
    if (strcmp(id, DUNLIN_FRAMER) == 0) return &probe_framer;
    return strcmp(id, DUNLIN_ROUTER) == 0 ? &router : NULL;
}

static const char schema[] = "{\"type\":\"object\",\"properties\":{\"count\":{\"type\":\"integer\"}}}";
static const char *const required[] = {DUNLIN_EXT_TICKET,  DUNLIN_EXT_CONN,  DUNLIN_EXT_CHANNEL, DUNLIN_EXT_CONTEXT,
                                       DUNLIN_EXT_TIMER,   DUNLIN_EXT_HTTP,  DUNLIN_EXT_TASK,    DUNLIN_EXT_METRICS,
                                       DUNLIN_EXT_LOG,     DUNLIN_EXT_CONFIG, DUNLIN_EXT_SUBSCRIBE,
                                       DUNLIN_EXT_REPLY,   DUNLIN_EXT_CACHE, DUNLIN_EXT_LOOP,  DUNLIN_EXT_REDIS,
                                       DUNLIN_EXT_SOCKET,  NULL};
static const dunlin_module module = {"probe", "1.0",   "does what it is told", schema,  required,
                                     configure, discard, create,               destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
