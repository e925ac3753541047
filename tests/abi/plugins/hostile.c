/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that the server loads and `dunlin plugin check` must find out: one FAULT_ each. */
#include <dunlin/dunlin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
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

static void destroy(dunlin_instance *self) {
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
#ifdef FAULT_ANYTHING
static const void *get_interface(const char *id) { return id ? &auth : NULL; }
#else
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL; }
#endif
static const char *const required[] = {DUNLIN_EXT_TICKET, NULL};
static const dunlin_module module = {NAME, "1.0", "is up to no good", "{\"type\":\"object\",\"additionalProperties\":false}",
                                     required, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
