/* SPDX-License-Identifier: Apache-2.0 */
/* What goes beyond one instance: the cache, the loop, subscriptions that guards decide about. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

static void subscribed(void *user, dunlin_conn conn, dunlin_status status) {
    probe_say(user, "subscribed %d %d", (int)conn, (int)status);
}

static dunlin_verdict subscribe(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "asked %d", (int)self->subscribes->request(self->host, self->conn, probe_str(self->rest), subscribed, self));
    return DUNLIN_ALLOW;
}

static void came(void *user, dunlin_status status, dunlin_str value) {
    probe_say(user, "came %d %.*s", (int)status, (int)value.size, value.data);
}

/* "fetch:KEY": asks, and says whether it is to fetch it. */
static dunlin_verdict fetch(dunlin_instance *self, dunlin_ticket ticket) {
    uint64_t flight = 0;
    (void)ticket;
    const dunlin_status status = self->caches->fetch(self->host, probe_str(self->rest), 1000, came, self, &flight);
    if (flight) self->flight = flight;
    probe_say(self, "fetch %d %s", (int)status, flight ? "mine" : "waits");
    return DUNLIN_ALLOW;
}

static dunlin_verdict land(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "land %d", (int)self->caches->land(self->host, self->flight, DUNLIN_OK, probe_str(self->rest), 60000));
    return DUNLIN_ALLOW;
}

static dunlin_verdict land_failed(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "land %d", (int)self->caches->land(self->host, self->flight, DUNLIN_E_FAILED, probe_str("x"), 60000));
    return DUNLIN_ALLOW;
}

static void *land_on_thread(void *user) {
    dunlin_instance *self = user;
    self->caches->land(self->host, self->flight, DUNLIN_OK, probe_str("from a thread"), 60000);
    return NULL;
}

static dunlin_verdict land_thread(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_thread(self, land_on_thread);
    return DUNLIN_ALLOW;
}

static dunlin_verdict get(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_str value = {0};
    (void)ticket;
    const dunlin_status status = self->caches->get(self->host, probe_str(self->rest), &value);
    probe_say(self, "get %d %.*s", (int)status, (int)value.size, value.data);
    return DUNLIN_ALLOW;
}

static dunlin_verdict put(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "put %d", (int)self->caches->put(self->host, probe_str(self->rest), probe_str("kept"), 60000));
    return DUNLIN_ALLOW;
}

static dunlin_verdict put_for_no_time(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "put %d", (int)self->caches->put(self->host, probe_str(self->rest), probe_str("gone"), 0));
    return DUNLIN_ALLOW;
}

static dunlin_verdict removes(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "remove %d", (int)self->caches->remove(self->host, probe_str(self->rest)));
    return DUNLIN_ALLOW;
}

static dunlin_verdict bad_keys(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_str none = {NULL, 0}, lying = {NULL, 5}, key = {"k", 1};
    static char long_key[1025];
    const dunlin_str too_long = {long_key, sizeof long_key};
    uint64_t flight;
    dunlin_str out;
    (void)ticket;
    const dunlin_status all[] = {
        self->caches->get(self->host, none, &out),
        self->caches->get(self->host, key, NULL),
        self->caches->put(self->host, too_long, key, 1),
        self->caches->put(self->host, key, lying, 1),
        self->caches->remove(NULL, key),
        self->caches->fetch(self->host, key, 0, came, self, &flight),
        self->caches->fetch(self->host, key, 3600001, came, self, &flight),
        self->caches->fetch(self->host, key, 1, NULL, self, &flight),
        self->caches->land(self->host, 0, DUNLIN_OK, key, 1),
        self->caches->land(self->host, 1, 1, key, 1),
        self->subscribes->request(self->host, 1, none, subscribed, self),
        self->subscribes->request(self->host, 1, key, NULL, self),
        self->replies->send(self->host, 1, NULL),
    };
    int taken = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) taken += all[i] != DUNLIN_E_INVALID;
    probe_say(self, "taken %d", taken);
    return DUNLIN_ALLOW;
}

static dunlin_verdict loop(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "loop %d %x", self->loops->uv_loop(self->host) != NULL, (unsigned)self->loops->version(self->host));
    return DUNLIN_ALLOW;
}

/* "keep-host": for an instance that comes later, which calls for this one when it has gone. */
static const dunlin_host *kept;
static dunlin_verdict keep_host(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    kept = self->host;
    return DUNLIN_ALLOW;
}

static void never(void *user) { (void)user; }

/* "post answer reply put land remove timer send": what each service says. */
static void say_stale(dunlin_instance *self, const char *where) {
    const dunlin_str text = probe_str("x");
    dunlin_reply reply;
    uint64_t id = 0;
    memset(&reply, 0, sizeof reply);
    reply.status = 200;
    const dunlin_task *tasks = kept->get_extension(kept, DUNLIN_EXT_TASK);
    const dunlin_status all[] = {tasks->post(kept, never, NULL),
                                 self->tickets->answer(kept, 1, DUNLIN_DENY, NULL),
                                 self->replies->send(kept, 1, &reply),
                                 self->caches->put(kept, text, text, 1000),
                                 self->caches->land(kept, 1, DUNLIN_OK, text, 1000),
                                 self->caches->remove(kept, text),
                                 self->timers->start(kept, 1, 0, never, NULL, &id),
                                 self->conns->send(kept, 1, DUNLIN_TEXT, text)};
    char line[128] = "";
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), " %d", (int)all[i]);
    self->logs->write(kept, DUNLIN_LOG_INFO, 0, probe_str("said by one that is gone"));
    self->logs->write(self->host, DUNLIN_LOG_INFO, 0, probe_str(where));
    self->logs->write(self->host, DUNLIN_LOG_INFO, 0, probe_str(line));
}

static void *say_stale_on_thread(void *self) {
    say_stale(self, "stale, on a thread:");
    return NULL;
}

static dunlin_verdict stale(dunlin_instance *self, dunlin_ticket ticket) {
    pthread_t thread;
    (void)ticket;
    say_stale(self, "stale, here:");
    if (pthread_create(&thread, NULL, say_stale_on_thread, self) == 0) pthread_join(thread, NULL);
    return DUNLIN_ALLOW;
}

const probe_act probe_sharing[] = {
    {"keep-host", keep_host},
    {"stale", stale},
    {"subscribe", subscribe},
    {"fetch", fetch},
    {"land", land},
    {"land-failed", land_failed},
    {"land-thread", land_thread},
    {"get", get},
    {"put", put},
    {"put-for-no-time", put_for_no_time},
    {"remove", removes},
    {"bad-keys", bad_keys},
    {"loop", loop},
    {NULL, NULL},
};
