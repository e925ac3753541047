/* SPDX-License-Identifier: Apache-2.0 */
/* An auth module that does as its token says. A token is WORD or WORD-<digits>:
 *
 *   u-7        the user 7, at once            later-7  the same, a little later
 *   room-7     the user 7, if its connection was opened with ?room=7 on the endpoint /message-center
 *   mute       never answers                  anything else is not its own
 *   abort, segv, exit, hang, close            what they say; close: of every descriptor that it finds
 *   thread-abort, -segv, -exit, -null, -tail  on a thread of its own; null: a call of what is no function; tail: in a
 *                                             function of the C library that takes the place of its own
 *   loop-segv                                 in a callback of the worker's libuv loop
 *   stderr                                    writes two lines there, and half a line; and is the user 8
 *
 * Its settings: {"refuse": true} refuses them, {"fail": true} fails in create, {"crash": true} crashes in configure,
 * {"hold": "FILE"} keeps create waiting while FILE is there.
 * It counts its questions. */
#define _POSIX_C_SOURCE 200809L
#include <dunlin/dunlin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

struct dunlin_settings {
    int fail;
    char hold[512];
};

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_ticket_api *tickets;
    const dunlin_timer *timers;
    const dunlin_conn_api *conns;
    const dunlin_metrics *metrics;
    const dunlin_log *log;
    uint32_t checks;
};

struct later {
    dunlin_instance *self;
    dunlin_ticket ticket;
    char uid[32];
};

static dunlin_str text(const char *s) {
    dunlin_str out;
    out.data = s;
    out.size = strlen(s);
    return out;
}

static void crash(void) { *(volatile int *)16 = 1; }

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    const dunlin_config *config = host->get_extension(host, DUNLIN_EXT_CONFIG);
    const char *hold;
    if (strstr(json.data, "\"crash\":true")) crash();
    if (strstr(json.data, "\"refuse\":true")) {
        config->fault(host, text("/refuse"), text("refused, as it was told to"));
        return DUNLIN_E_INVALID;
    }
    if (!(*out = calloc(1, sizeof **out))) return DUNLIN_E_NO_MEMORY;
    (*out)->fail = strstr(json.data, "\"fail\":true") != NULL;
    if ((hold = strstr(json.data, "\"hold\":\""))) sscanf(hold, "\"hold\":\"%511[^\"]", (*out)->hold);
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { free(settings); }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    const struct timespec moment = {0, 5000000};
    dunlin_instance *self;
    if (settings->fail) return DUNLIN_E_FAILED;
    while (settings->hold[0] && access(settings->hold, F_OK) == 0) nanosleep(&moment, NULL);
    if (!(self = calloc(1, sizeof *self))) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    self->timers = host->get_extension(host, DUNLIN_EXT_TIMER);
    self->conns = host->get_extension(host, DUNLIN_EXT_CONN);
    self->metrics = host->get_extension(host, DUNLIN_EXT_METRICS);
    self->log = host->get_extension(host, DUNLIN_EXT_LOG);
    self->metrics->define(host, DUNLIN_METRIC_COUNTER, text("checks_total"), text("Questions"), NULL, 0, &self->checks);
    *out = self;
    return DUNLIN_OK;
}

static void destroy(dunlin_instance *self) { free(self); }

static void allow(dunlin_instance *self, dunlin_ticket ticket, const char *uid) {
    dunlin_identity who;
    dunlin_answer yes;
    memset(&who, 0, sizeof who);
    memset(&yes, 0, sizeof yes);
    who.uid.text = text(uid);
    who.uid.kind = DUNLIN_UID_NUMBER;
    yes.identity = &who;
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
}

static void fire(void *user) {
    struct later *later = user;
    allow(later->self, later->ticket, later->uid);
    free(later);
}

static dunlin_verdict allow_later(dunlin_instance *self, dunlin_ticket ticket, const char *uid) {
    struct later *later = calloc(1, sizeof *later);
    uint64_t timer = 0;
    later->self = self;
    later->ticket = ticket;
    snprintf(later->uid, sizeof later->uid, "%s", uid);
    self->timers->start(self->host, 15, 0, fire, later, &timer);
    return DUNLIN_PENDING;
}

static int is_in_room(dunlin_instance *self, dunlin_conn conn, const char *room) {
    dunlin_str found;
    if (self->conns->info(self->host, conn, DUNLIN_CONN_PATH, &found) != DUNLIN_OK) return 0;
    if (strcmp(found.data, "/message-center") != 0) return 0;
    if (self->conns->query(self->host, conn, text("room"), &found) != DUNLIN_OK) return 0;
    return strcmp(found.data, room) == 0;
}

static void *break_on_thread(void *how) {
    void (*volatile nothing)(void) = NULL;
    const char *volatile nowhere = (const char *)8;
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "segv") == 0) crash();
    if (strcmp(how, "null") == 0) nothing();
    if (strcmp(how, "tail") == 0) return (void *)strlen(nowhere);
    exit(3);
}

/* What the token says after "thread-", which is a constant here: the thread outlives the hook. */
static dunlin_verdict start_to_break(const char *how) {
    static const char *const known[] = {"abort", "segv", "null", "tail", "exit"};
    size_t i;
    for (i = 0; i < sizeof known / sizeof *known; ++i) {
        pthread_t thread;
        if (strcmp(how, known[i]) == 0 && pthread_create(&thread, NULL, break_on_thread, (void *)(size_t)known[i]) == 0)
            pthread_detach(thread);
    }
    return DUNLIN_PENDING;
}

static void break_in_loop(uv_timer_t *timer) {
    (void)timer;
    crash();
}

static dunlin_verdict break_in_loop_soon(dunlin_instance *self) {
    static uv_timer_t timer; /* the process ends before it is used twice */
    const dunlin_loop *loop = self->host->get_extension(self->host, DUNLIN_EXT_LOOP);
    uv_timer_init(loop->uv_loop(self->host), &timer);
    uv_timer_start(&timer, break_in_loop, 1, 0);
    return DUNLIN_PENDING;
}

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    const char *token = credentials->token.data, *dash = strchr(token, '-');
    const char *uid = dash ? dash + 1 : "";
    int fd;
    self->metrics->add(self->host, self->checks, 1);
    self->log->write(self->host, DUNLIN_LOG_INFO, conn, text("asked"));
    if (strncmp(token, "later-", 6) == 0) return allow_later(self, ticket, uid);
    if (strncmp(token, "thread-", 7) == 0) return start_to_break(token + 7);
    if (strcmp(token, "loop-segv") == 0) return break_in_loop_soon(self);
    if (strcmp(token, "stderr") == 0) {
        fputs("said to nobody\nerror forged module=lua\nhalf a line", stderr);
        allow(self, ticket, "8");
        return DUNLIN_PENDING;
    }
    if (strcmp(token, "mute") == 0) return DUNLIN_PENDING;
    if (strcmp(token, "abort") == 0) {
        fputs("last words\n", stderr);
        abort();
    }
    if (strcmp(token, "segv") == 0) crash();
    if (strcmp(token, "exit") == 0) _exit(7);
    while (strcmp(token, "hang") == 0) pause();
    if (strcmp(token, "close") == 0)
        for (fd = 3; fd < 64; ++fd) close(fd);
    if (strncmp(token, "u-", 2) != 0 && !(strncmp(token, "room-", 5) == 0 && is_in_room(self, conn, uid)))
        return DUNLIN_PASS;
    allow(self, ticket, uid);
    return DUNLIN_PENDING;
}

static const dunlin_auth auth = {check, NULL};
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL; }

static const char *const required[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_TIMER,  DUNLIN_EXT_CONN, DUNLIN_EXT_METRICS,
                                       DUNLIN_EXT_LOG,    DUNLIN_EXT_CONFIG, NULL};
static const dunlin_module module = {"fragile", "1", "breaks on demand", NULL, required, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
