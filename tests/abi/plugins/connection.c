/* SPDX-License-Identifier: Apache-2.0 */
/* probe and its connection: what it brought, what is kept with it, its channels, Redis, and libuv. */
#include <string.h>
#include <uv.h>

#include "probe.h"

/* "STATUS text" of a getter. */
static void say_got(dunlin_instance *self, dunlin_status status, dunlin_str text) {
    if (text.data[text.size] != '\0') status = DUNLIN_E_FAILED; /* what the host lends ends with a NUL */
    probe_say(self, "%d %.*s", (int)status, (int)text.size, text.data);
}

/* "info:N": of DUNLIN_CONN_… */
static dunlin_verdict info(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_str out;
    (void)ticket;
    const dunlin_status status = self->conns->info(self->host, self->conn, (uint32_t)(self->rest[0] - '0'), &out);
    say_got(self, status, out);
    return DUNLIN_ALLOW;
}

/* "certificate": of the client */
static dunlin_verdict certificate(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_tls *tls = self->host->get_extension(self->host, DUNLIN_EXT_TLS);
    dunlin_str out;
    (void)ticket;
    const dunlin_status status = tls->certificate(self->host, self->conn, &out);
    say_got(self, status, out);
    if (tls->certificate(self->host, self->conn, NULL) != DUNLIN_E_INVALID) probe_say(self, "took NULL");
    return DUNLIN_ALLOW;
}

typedef dunlin_status (*getter)(const dunlin_host *, dunlin_conn, dunlin_str, dunlin_str *);

static dunlin_verdict named(dunlin_instance *self, getter get) {
    dunlin_str out;
    const dunlin_status status = get(self->host, self->conn, probe_str(self->rest), &out);
    say_got(self, status, out);
    return DUNLIN_ALLOW;
}

static dunlin_verdict header(dunlin_instance *self, dunlin_ticket ticket) { return (void)ticket, named(self, self->conns->header); }
static dunlin_verdict query(dunlin_instance *self, dunlin_ticket ticket) { return (void)ticket, named(self, self->conns->query); }
static dunlin_verdict cookie(dunlin_instance *self, dunlin_ticket ticket) { return (void)ticket, named(self, self->conns->cookie); }
static dunlin_verdict option(dunlin_instance *self, dunlin_ticket ticket) { return (void)ticket, named(self, self->conns->option); }
static dunlin_verdict context_get(dunlin_instance *self, dunlin_ticket ticket) { return (void)ticket, named(self, self->contexts->get); }

static dunlin_verdict headers(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_pair pair;
    size_t i;
    (void)ticket;
    for (i = 0; self->conns->header_at(self->host, self->conn, i, &pair) == DUNLIN_OK; i++)
        probe_say(self, "%.*s=%.*s", (int)pair.name.size, pair.name.data, (int)pair.value.size, pair.value.data);
    probe_say(self, "%d headers", (int)i);
    return DUNLIN_ALLOW;
}

static dunlin_verdict uid(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_uid who;
    (void)ticket;
    const dunlin_status status = self->conns->uid(self->host, self->conn, &who);
    probe_say(self, "%d %.*s %u", (int)status, (int)who.text.size, who.text.data, (unsigned)who.kind);
    return DUNLIN_ALLOW;
}

static dunlin_verdict closes(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    const dunlin_status first = self->conns->close(self->host, self->conn, 4001, probe_str("bye"));
    probe_say(self, "close %d, again %d", (int)first, (int)self->conns->close(self->host, self->conn, 4001, probe_str("bye")));
    return DUNLIN_ALLOW;
}

/* "context-set:KEY=JSON" */
static dunlin_verdict context_set(dunlin_instance *self, dunlin_ticket ticket) {
    const char *equals = strchr(self->rest, '=');
    const dunlin_str key = {self->rest, (size_t)(equals - self->rest)};
    (void)ticket;
    probe_say(self, "set %d", (int)self->contexts->set(self->host, self->conn, key, probe_str(equals + 1)));
    return DUNLIN_ALLOW;
}

static dunlin_verdict context_all(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_str out;
    (void)ticket;
    const dunlin_status status = self->contexts->all(self->host, self->conn, &out);
    say_got(self, status, out);
    return DUNLIN_ALLOW;
}

static dunlin_verdict context_replace(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "replace %d", (int)self->contexts->replace(self->host, self->conn, probe_str(self->rest)));
    return DUNLIN_ALLOW;
}

static void waited(void *user, dunlin_status status, dunlin_str value) { say_got(user, status, value); }

static dunlin_verdict context_wait(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "wait %d", (int)self->contexts->wait(self->host, self->conn, probe_str(self->rest), 1000, waited, self));
    return DUNLIN_ALLOW;
}

static dunlin_verdict subscription(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_str name = probe_str(self->rest);
    (void)ticket;
    const dunlin_status first = self->channels->unsubscribe(self->host, self->conn, name);
    const dunlin_status second = self->channels->subscribe(self->host, self->conn, name);
    const dunlin_status third = self->channels->subscribe(self->host, self->conn, name);
    probe_say(self, "%d %d %d %d", (int)first, (int)second, (int)third, (int)self->channels->unsubscribe(self->host, self->conn, name));
    return DUNLIN_ALLOW;
}

static void handed(void *user, dunlin_status status) { probe_say(user, "sent %d", (int)status); }

/* "send-to:CONN": by id, to a connection of any worker. */
static dunlin_verdict send_to(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "send %d", (int)self->channels->send(self->host, (dunlin_conn)(self->rest[0] - '0'), DUNLIN_TEXT, probe_str("hi"), handed, self));
    return DUNLIN_ALLOW;
}

static void say_value(dunlin_instance *self, const dunlin_redis_value *value) {
    size_t i;
    if (value->kind == DUNLIN_REDIS_LIST) probe_say(self, "list of %d", (int)value->item_count);
    else if (value->kind == DUNLIN_REDIS_INTEGER) probe_say(self, "integer %d", (int)value->integer);
    else probe_say(self, "kind %u %.*s", (unsigned)value->kind, (int)value->text.size, value->text.data);
    for (i = 0; i < value->item_count; i++) say_value(self, &value->items[i]);
}

static void replied(void *user, dunlin_status status, const dunlin_redis_value *value) {
    probe_say(user, "redis %d", (int)status);
    say_value(user, value);
}

/* "redis:SERVER": GET key; "redis-cancel:SERVER" takes it back. */
static dunlin_verdict redis_get(dunlin_instance *self, uint64_t *id) {
    const dunlin_str argv[] = {probe_str("GET"), probe_str("key")};
    const dunlin_str server = probe_str(self->rest);
    probe_say(self, "find %d", (int)self->redis->find(self->host, server));
    probe_say(self, "command %d", (int)self->redis->command(self->host, server, argv, 2, 0, replied, self, id));
    return DUNLIN_ALLOW;
}

static dunlin_verdict redis(dunlin_instance *self, dunlin_ticket ticket) {
    uint64_t id = 0;
    return (void)ticket, redis_get(self, &id);
}

static dunlin_verdict redis_cancel(dunlin_instance *self, dunlin_ticket ticket) {
    uint64_t id = 0;
    (void)ticket;
    redis_get(self, &id);
    const dunlin_status first = self->redis->cancel(self->host, id);
    probe_say(self, "cancel %d, again %d", (int)first, (int)self->redis->cancel(self->host, id));
    return DUNLIN_ALLOW;
}

static dunlin_verdict redis_denied(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_str argv[] = {probe_str("SUBSCRIBE"), probe_str("x")}, none = {NULL, 0};
    uint64_t id;
    (void)ticket;
    const dunlin_status denied = self->redis->command(self->host, none, argv, 2, 0, replied, self, &id);
    const dunlin_status empty = self->redis->command(self->host, none, argv, 0, 0, replied, self, &id);
    probe_say(self, "%d %d %d", (int)denied, (int)empty, (int)self->redis->command(self->host, none, argv, 2, 0, NULL, self, &id));
    return DUNLIN_ALLOW;
}

static dunlin_verdict unread(dunlin_instance *self, dunlin_ticket ticket) {
    size_t size = 99;
    (void)ticket;
    const dunlin_status status = self->sockets->unread(self->host, self->conn, &size);
    probe_say(self, "unread %d %d, clear %d", (int)status, (int)size, (int)self->sockets->clear(self->host, self->conn));
    return DUNLIN_ALLOW;
}

static dunlin_verdict directory(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    say_got(self, DUNLIN_OK, self->configs->directory(self->host));
    return DUNLIN_ALLOW;
}

static void ticked(uv_timer_t *timer) {
    probe_say(timer->data, "libuv");
    uv_close((uv_handle_t *)timer, NULL);
}

/* A handle of libuv's on the worker's own loop. */
static dunlin_verdict uv(dunlin_instance *self, dunlin_ticket ticket) {
    static uv_timer_t timer;
    (void)ticket;
    if (self->loops->version(self->host) != uv_version()) return DUNLIN_DENY;
    uv_timer_init(self->loops->uv_loop(self->host), &timer);
    timer.data = self;
    uv_timer_start(&timer, ticked, 0, 0);
    return DUNLIN_ALLOW;
}

static int64_t input(dunlin_instance *self, dunlin_conn conn, dunlin_str unread_bytes) {
    const char *newline = memchr(unread_bytes.data, '\n', unread_bytes.size);
    self->conn = conn;
    if (strncmp(unread_bytes.data, "drop", 4) == 0) return DUNLIN_FRAMER_DROP;
    if (strncmp(unread_bytes.data, "nonsense", 8) == 0) return -77;
    return newline ? newline - unread_bytes.data + 1 : DUNLIN_FRAMER_WAIT;
}

static dunlin_status encode(dunlin_instance *self, dunlin_conn conn, const dunlin_message *message, dunlin_emit_fn emit, void *to) {
    const char *text = message->data.data;
    (void)self;
    if (strcmp(text, "nothing") == 0) return DUNLIN_OK;
    if (strcmp(text, "fails") == 0) return DUNLIN_E_FAILED;
    if (strcmp(text, "each") == 0 && conn == 0) return DUNLIN_FRAMER_EACH;
    emit(to, probe_str(conn ? "one " : "all "));
    emit(to, message->data);
    emit(to, probe_str("\n"));
    return DUNLIN_OK;
}
const dunlin_framer probe_framer = {input, encode};

const probe_act probe_connection[] = {
    {"info", info},
    {"certificate", certificate},
    {"header", header},
    {"query", query},
    {"cookie", cookie},
    {"option", option},
    {"headers", headers},
    {"uid", uid},
    {"close", closes},
    {"context-get", context_get},
    {"context-set", context_set},
    {"context-all", context_all},
    {"context-replace", context_replace},
    {"context-wait", context_wait},
    {"subscription", subscription},
    {"send-to", send_to},
    {"redis", redis},
    {"redis-cancel", redis_cancel},
    {"redis-denied", redis_denied},
    {"unread", unread},
    {"directory", directory},
    {"uv", uv},
    {NULL, NULL},
};
