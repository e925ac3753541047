/* SPDX-License-Identifier: Apache-2.0 */
/* The services of the host, called rightly, wrongly, and from threads that may not. */
#include <string.h>

#include "probe.h"

static void tick(void *user) {
    dunlin_instance *self = user;
    probe_say(self, "tick %d", ++self->ticks);
    if (self->ticks == 3) probe_say(self, "stop %d", (int)self->timers->stop(self->host, self->timer));
}

static dunlin_verdict timer_once(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    self->timers->start(self->host, 100, 0, tick, self, &self->timer);
    return DUNLIN_ALLOW;
}

static dunlin_verdict timer_every(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    self->timers->start(self->host, 100, 10, tick, self, &self->timer);
    return DUNLIN_ALLOW;
}

static dunlin_verdict timer_stop(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    const dunlin_status first = self->timers->stop(self->host, self->timer);
    probe_say(self, "stop %d, again %d", (int)first, (int)self->timers->stop(self->host, self->timer));
    return DUNLIN_ALLOW;
}

/* Every [worker] service once; the number of those that did not say E_THREAD. */
static int wrong_thread_misses(dunlin_instance *self) {
    const dunlin_host *host = self->host;
    const dunlin_str text = probe_str("x");
    dunlin_str out;
    dunlin_pair pair;
    dunlin_uid uid;
    uint64_t id;
    uint32_t figure;
    const dunlin_credentials credentials = {text, DUNLIN_LOGIN_MESSAGE, 0};
    dunlin_http_request request = {0};
    request.method = probe_str("GET");
    request.url = probe_str("http://localhost/");
    const dunlin_status all[] = {
        self->conns->info(host, 1, DUNLIN_CONN_PATH, &out),
        self->conns->header(host, 1, text, &out),
        self->conns->header_at(host, 1, 0, &pair),
        self->conns->query(host, 1, text, &out),
        self->conns->cookie(host, 1, text, &out),
        self->conns->option(host, 1, text, &out),
        self->conns->uid(host, 1, &uid),
        self->conns->authenticate(host, 1, &credentials, (dunlin_login_fn)0, NULL),
        self->conns->send(host, 1, DUNLIN_TEXT, text),
        self->conns->close(host, 1, 1000, text),
        self->channels->subscribe(host, 1, text),
        self->channels->unsubscribe(host, 1, text),
        self->channels->publish(host, text, DUNLIN_TEXT, text, NULL, NULL),
        self->channels->send(host, 1, DUNLIN_TEXT, text, NULL, NULL),
        self->contexts->get(host, 1, text, &out),
        self->contexts->set(host, 1, text, text),
        self->contexts->all(host, 1, &out),
        self->contexts->replace(host, 1, text),
        self->contexts->wait(host, 1, text, 1, (dunlin_context_fn)0, NULL),
        self->timers->start(host, 1, 0, tick, self, &id),
        self->timers->stop(host, 1),
        self->http->request(host, &request, (dunlin_http_fn)0, NULL, &id),
        self->http->cancel(host, 1),
        self->metrics->define(host, DUNLIN_METRIC_GAUGE, text, text, NULL, 0, &figure),
        self->tasks->offload(host, tick, tick, self),
        self->subscribes->request(host, 1, text, (dunlin_subscribe_fn)0, NULL),
        self->queues->push(host, 1, text, text, NULL, NULL),
        self->caches->get(host, text, &out),
        self->caches->fetch(host, text, 1, (dunlin_cache_fn)0, NULL, &id),
        self->loops->uv_loop(host) == NULL ? DUNLIN_E_THREAD : DUNLIN_OK,
    };
    int misses = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) misses += all[i] != DUNLIN_E_THREAD;
    return misses;
}

static void *call_everything(void *user) {
    dunlin_instance *self = user;
    self->metrics->add(self->host, 1, 1);
    self->logs->write(self->host, DUNLIN_LOG_INFO, 0, probe_str("a line from a thread"));
    self->ticks = wrong_thread_misses(self);
    return NULL;
}

static dunlin_verdict foreign(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_thread(self, call_everything);
    pthread_join(self->threads[--self->thread_count], NULL);
    probe_say(self, "misses %d", self->ticks);
    return DUNLIN_ALLOW;
}

static void *post_three(void *user) {
    dunlin_instance *self = user;
    for (int i = 0; i < 3; i++) self->tasks->post(self->host, tick, self);
    return NULL;
}

static dunlin_verdict post(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_thread(self, post_three);
    return DUNLIN_ALLOW;
}

static void work(void *user) { ((dunlin_instance *)user)->ticks += 40; }

static void worked(void *user) {
    dunlin_instance *self = user;
    probe_say(self, "worked %d", self->ticks);
}

static dunlin_verdict offload(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "offload %d", (int)self->tasks->offload(self->host, work, worked, self));
    return DUNLIN_ALLOW;
}

static void answered(void *user, const dunlin_http_response *response) {
    probe_say(user, "http %d %d %.*s", (int)response->status, (int)response->code, (int)response->body.size,
              response->body.data);
}

static dunlin_verdict http(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_http_request request = {0};
    uint64_t id = 0;
    (void)ticket;
    request.method = probe_str("GET");
    request.url = probe_str("http://127.0.0.1:1/");
    self->http->request(self->host, &request, answered, self, &id);
    if (strcmp(self->rest, "cancel") == 0) probe_say(self, "cancel %d", (int)self->http->cancel(self->host, id));
    return DUNLIN_ALLOW;
}

static void counted(void *user, uint64_t success, uint64_t fail) {
    probe_say(user, "published %d/%d", (int)success, (int)fail);
}

static dunlin_verdict publish(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    self->channels->publish(self->host, probe_str("news"), DUNLIN_TEXT, probe_str("hi"), counted, self);
    return DUNLIN_ALLOW;
}

static void pushed(void *user, dunlin_status status, uint64_t held) {
    probe_say(user, "pushed %d %d", (int)status, (int)held);
}

/* "push:TOPIC" */
static dunlin_verdict push(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    self->queues->push(self->host, self->conn, probe_str(self->rest), probe_str("data"), pushed, self);
    return DUNLIN_ALLOW;
}

static void logged_in(void *user, dunlin_conn conn, dunlin_verdict verdict, dunlin_status status) {
    (void)conn;
    probe_say(user, "login %d %d", (int)verdict, (int)status);
}

/* "authenticate:TOKEN": what it leads to is asked after this hook has returned. */
static dunlin_verdict authenticate(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_credentials credentials = {probe_str(self->rest), DUNLIN_LOGIN_MESSAGE, 0};
    (void)ticket;
    self->conns->authenticate(self->host, self->conn, &credentials, logged_in, self);
    probe_say(self, "asked");
    return DUNLIN_ALLOW;
}

static dunlin_verdict figures(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_pair label = {{"kind", 4}, {"a", 1}};
    uint32_t counter = 0, same = 0, gauge = 0;
    (void)ticket;
    self->metrics->define(self->host, DUNLIN_METRIC_COUNTER, probe_str("asked_total"), probe_str("h"), &label, 1, &counter);
    self->metrics->define(self->host, DUNLIN_METRIC_COUNTER, probe_str("asked_total"), probe_str("h"), &label, 1, &same);
    self->metrics->define(self->host, DUNLIN_METRIC_GAUGE, probe_str("level"), probe_str("h"), NULL, 0, &gauge);
    self->metrics->add(self->host, counter, 3);
    self->metrics->add(self->host, counter, -1); /* a counter never falls */
    self->metrics->set(self->host, counter, 99);
    self->metrics->set(self->host, gauge, 5);
    self->metrics->add(self->host, gauge, -2);
    self->metrics->add(self->host, 12345, 1);
    probe_say(self, "same %d", counter == same);
    return DUNLIN_ALLOW;
}

/* Arguments that no service takes; the number of those that were taken. */
static dunlin_verdict bad_arguments(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_host *host = self->host;
    const dunlin_conn c = self->conn;
    const dunlin_str text = probe_str("x"), none = {NULL, 0}, lying = {NULL, 5}, latin1 = {"\xff", 1};
    char long_text[300];
    const dunlin_str too_long = {long_text, 124}, long_name = {long_text, 256};
    dunlin_str out;
    uint64_t id;
    uint32_t figure;
    dunlin_http_request split = {0}, scheme = {0};
    const dunlin_pair header = {{"a", 1}, {"b\r\nc: d", 7}};
    (void)ticket;
    memset(long_text, 'a', sizeof long_text);
    split.method = scheme.method = probe_str("GET");
    split.url = probe_str("http://localhost/");
    split.headers = &header;
    split.header_count = 1;
    scheme.url = probe_str("file:///etc/passwd");
    const dunlin_status all[] = {
        self->conns->info(host, c, DUNLIN_CONN_PATH, NULL),
        self->conns->info(host, c, 99, &out),
        self->conns->info(NULL, c, DUNLIN_CONN_PATH, &out),
        self->conns->header(host, c, none, &out),
        self->conns->header_at(host, c, 0, NULL),
        self->conns->uid(host, c, NULL),
        self->conns->authenticate(host, c, NULL, logged_in, self),
        self->conns->send(host, c, DUNLIN_TEXT, latin1),
        self->conns->send(host, c, DUNLIN_BINARY, lying),
        self->conns->send(host, c, 8, text),
        self->conns->close(host, c, 999, text),
        self->conns->close(host, c, 5000, text),
        self->conns->close(host, c, 1006, text),
        self->conns->close(host, c, 1000, latin1),
        self->conns->close(host, c, 1000, too_long),
        self->channels->subscribe(host, c, none),
        self->channels->subscribe(host, c, probe_str("a\nb")),
        self->channels->subscribe(host, c, long_name),
        self->channels->publish(host, text, DUNLIN_TEXT, latin1, NULL, NULL),
        self->channels->publish(host, none, DUNLIN_TEXT, text, NULL, NULL),
        self->channels->send(host, c, 0, text, NULL, NULL),
        self->queues->push(host, c, none, text, NULL, NULL),
        self->queues->push(host, c, long_name, text, NULL, NULL),
        self->queues->push(host, c, text, latin1, NULL, NULL),
        self->queues->push(host, c, text, lying, NULL, NULL),
        self->contexts->get(host, c, text, NULL),
        self->contexts->set(host, c, none, text),
        self->contexts->set(host, c, text, lying),
        self->contexts->wait(host, c, text, 1, NULL, NULL),
        self->timers->start(host, 1, 0, NULL, NULL, &id),
        self->timers->start(host, 1, 0, tick, NULL, NULL),
        self->http->request(host, NULL, answered, self, &id),
        self->http->request(host, &split, answered, self, &id),
        self->http->request(host, &scheme, answered, self, &id),
        self->metrics->define(host, 3, text, text, NULL, 0, &figure),
        self->metrics->define(host, DUNLIN_METRIC_COUNTER, text, text, NULL, 0, &figure),
        self->metrics->define(host, DUNLIN_METRIC_GAUGE, probe_str("A-b"), text, NULL, 0, &figure),
        self->tasks->post(host, NULL, NULL),
        self->tasks->offload(host, work, NULL, NULL),
        self->tickets->answer(NULL, 1, DUNLIN_ALLOW, NULL),
    };
    int taken = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) taken += all[i] != DUNLIN_E_INVALID;
    probe_say(self, "taken %d", taken);
    return DUNLIN_ALLOW;
}

const probe_act probe_services[] = {
    {"timer-once", timer_once},
    {"timer-every", timer_every},
    {"timer-stop", timer_stop},
    {"foreign", foreign},
    {"post", post},
    {"offload", offload},
    {"http", http},
    {"publish", publish},
    {"push", push},
    {"authenticate", authenticate},
    {"figures", figures},
    {"bad-arguments", bad_arguments},
    {NULL, NULL},
};
