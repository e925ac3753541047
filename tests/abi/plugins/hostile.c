/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that the server loads and `dunlin plugin check` must find out: one FAULT_ each. */
#include <dunlin/dunlin.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_ticket_api *tickets;
};

#ifdef FAULT_EXPORTS
extern DUNLIN_EXPORT const int hostile_number;
const int hostile_number = 1;
#endif

#ifdef FAULT_CRASH_LOAD
__attribute__((constructor)) static void loaded(void) { *(volatile int *)8 = 1; }
#endif
#ifdef FAULT_EXIT_LOAD
__attribute__((constructor)) static void loaded(void) { exit(0); }
#endif
#ifdef FAULT_FORK /* the child holds whatever pipe it was given */
__attribute__((constructor)) static void loaded(void) {
    if (fork() == 0) {
        pause();
        _exit(0);
    }
}
#endif

#ifdef FAULT_MEDDLE
static void ignore(int number) { (void)number; }
static void meddle(void) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, NULL);
    signal(SIGSEGV, ignore);
    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "Asia/Tokyo", 1);
    close(0);
}
#endif

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)host, (void)json;
#ifdef FAULT_CRASH_CONFIGURE
    *(volatile int *)8 = 1;
#endif
#ifdef FAULT_HANG_CONFIGURE
    pause();
#endif
#ifdef FAULT_EXIT_CONFIGURE
    exit(0);
#endif
#ifdef FAULT_MEDDLE
    meddle();
#endif
#ifdef FAULT_LEAK_SETTINGS
    if (!malloc(100)) return DUNLIN_E_NO_MEMORY;
#endif
    *out = NULL;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { (void)settings; }

#if defined(FAULT_THREADS) || defined(FAULT_THREAD)
static void *sleeper(void *user) {
    (void)user;
    pause();
    return NULL;
}
#endif

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *self = calloc(1, sizeof *self);
    (void)settings;
    if (!self) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
#ifdef FAULT_THREADS
    static int made; /* enough to be seen */
    pthread_t thread;
    if (made++ % 20 == 0 && pthread_create(&thread, NULL, sleeper, NULL) == 0) pthread_detach(thread);
#endif
#ifdef FAULT_THREAD
    static int begun; /* one, for all instances; the suite is on one thread */
    pthread_t thread;
    if (!begun++ && pthread_create(&thread, NULL, sleeper, NULL) == 0) pthread_detach(thread);
#endif
    *out = self;
    return DUNLIN_OK;
}

#if defined(FAULT_STALE) || defined(FAULT_ENDLESS)
static void nothing(void *user) { (void)user; }
#endif

#ifdef FAULT_ENDLESS
/* Goes on calling until the process has ended. */
static void *call_on(void *user) {
    const dunlin_host *host = user;
    const dunlin_task *tasks = host->get_extension(host, DUNLIN_EXT_TASK);
    const dunlin_log *log = host->get_extension(host, DUNLIN_EXT_LOG);
    const dunlin_ticket_api *tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    const dunlin_str text = {"x", 1};
    for (;;) {
        tasks->post(host, nothing, NULL);
        tickets->answer(host, 1, DUNLIN_DENY, NULL);
        log->write(host, DUNLIN_LOG_DEBUG, 0, text);
        log->enabled(host, DUNLIN_LOG_DEBUG);
        sched_yield();
    }
    return NULL;
}
#endif

#ifdef FAULT_STALE
/* Goes on calling until it is told that its instance is gone, and then calls everything else that any thread may. */
static void *call_on(void *user) {
    const dunlin_host *host = user;
    const dunlin_task *tasks = host->get_extension(host, DUNLIN_EXT_TASK);
    const dunlin_cache *cache = host->get_extension(host, DUNLIN_EXT_CACHE);
    const dunlin_log *log = host->get_extension(host, DUNLIN_EXT_LOG);
    const dunlin_reply_api *replies = host->get_extension(host, DUNLIN_EXT_REPLY);
    const dunlin_ticket_api *tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    const dunlin_timer *timers = host->get_extension(host, DUNLIN_EXT_TIMER);
    const dunlin_str text = {"x", 1};
    dunlin_reply reply;
    uint64_t id;
    memset(&reply, 0, sizeof reply);
    reply.status = 200;
    while (tasks->post(host, nothing, NULL) != DUNLIN_E_GONE) sched_yield();
    cache->put(host, text, text, 1000);
    cache->land(host, 1, DUNLIN_OK, text, 1000);
    cache->remove(host, text);
    replies->send(host, 1, &reply);
    tickets->answer(host, 1, DUNLIN_DENY, NULL);
    timers->start(host, 1, 0, nothing, NULL, &id);
    log->write(host, DUNLIN_LOG_INFO, 0, text);
    return NULL;
}
#endif

static void destroy(dunlin_instance *self) {
#if defined(FAULT_STALE) || defined(FAULT_ENDLESS)
    static int begun; /* one, for all instances */
    pthread_t thread;
    if (__atomic_exchange_n(&begun, 1, __ATOMIC_RELAXED) == 0 && pthread_create(&thread, NULL, call_on, (void *)(size_t)self->host) == 0)
        pthread_detach(thread);
#endif
#ifndef FAULT_LEAK
    free(self);
#else
    (void)self;
#endif
}

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    (void)self, (void)conn, (void)ticket;
#ifdef FAULT_CRASH
    if (credentials->token.size > 1000) *(volatile int *)8 = 1;
#endif
#ifdef FAULT_ABORT
    if (credentials->token.size > 1000) abort(); /* as an exception does that leaves a hook in C++ */
#endif
#ifdef FAULT_HUGE
    dunlin_identity who;
    dunlin_answer yes;
    const dunlin_log *log = self->host->get_extension(self->host, DUNLIN_EXT_LOG);
    memset(&who, 0, sizeof who);
    memset(&yes, 0, sizeof yes);
    who.uid.text.data = credentials->token.data;
    who.uid.text.size = (size_t)-1;
    who.uid.kind = DUNLIN_UID_STRING;
    who.context_count = (size_t)-8;
    yes.identity = &who;
    yes.reason = who.uid.text;
    log->write(self->host, DUNLIN_LOG_ERROR, conn, who.uid.text);
    log->write(self->host, 4000000000u, conn, credentials->token);
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
    return DUNLIN_PENDING;
#endif
#ifdef FAULT_LEAVE
    if (credentials->token.size > 1000) pthread_exit(NULL); /* takes the worker with it */
#endif
#ifdef FAULT_FORK_ON /* once, or each copy would make copies of its own; and lets that go first */
    static int forked;
    const pid_t copy = forked++ ? 0 : fork();
    if (copy > 0) waitpid(copy, NULL, 0);
#endif
#ifdef FAULT_NONSENSE
    return 99;
#endif
#ifdef FAULT_EXIT
    if (credentials->token.size > 1000) exit(0);
#endif
#ifdef FAULT_TWICE
    self->tickets->answer(self->host, ticket, DUNLIN_DENY, NULL);
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, NULL);
    return DUNLIN_PENDING;
#endif
#ifdef FAULT_HANG
    if (credentials->token.size > 1000) return DUNLIN_PENDING; /* for ever */
#endif
#ifdef FAULT_SLOW
    if (credentials->token.size > 1000) {
        const struct timespec while_ = {0, 120 * 1000 * 1000};
        nanosleep(&while_, NULL);
    }
#endif
    return credentials->token.size > 1000 ? DUNLIN_DENY : DUNLIN_PASS;
}

static const dunlin_auth auth = {check, NULL};
#ifdef FAULT_FICKLE /* a table of its own each time, and none in the end */
static const void *get_interface(const char *id) {
    static dunlin_auth tables[16];
    static unsigned asked;
    if (strcmp(id, DUNLIN_AUTH) != 0 || asked == sizeof tables / sizeof *tables) return NULL;
    if (asked > 0) tables[asked - 1].check = NULL;
    tables[asked] = auth;
    return &tables[asked++];
}
#elif defined(FAULT_ANYTHING)
static const void *get_interface(const char *id) { return id ? &auth : NULL; }
#else
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL; }
#endif
static const char *const required[] = {DUNLIN_EXT_TICKET, NULL};
#ifdef FAULT_SCHEMA
#define SCHEMA "{\"type\":[\"\xff\xfe"
#else
#define SCHEMA "{\"type\":\"object\",\"additionalProperties\":false}"
#endif
static const dunlin_module module = {NAME, "1.0", "is up to no good", SCHEMA,
                                     required, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
