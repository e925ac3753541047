/* SPDX-License-Identifier: Apache-2.0 */
/* A mesh engine that reaches nobody but its own node: what a function of it is given comes back as a frame that says which
 * one it was. Built twice: `least-engine` has only what an engine has to have.
 *
 *   {"alone": true}    says that it is     {"refuse": true}   open() refuses
 *
 * The frame "refuse" is not taken. Nobody is at the nodes 1 and 2: ask() says so itself of 1, another thread of 2. */
#include <dunlin/draft/engine.h>
#include <dunlin/dunlin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dunlin_settings {
    int alone, refuse;
};

struct dunlin_draft_link {
    const dunlin_draft_engine_events *events;
};

static void tell(dunlin_draft_link *link, const char *what, uint64_t node, dunlin_str given) {
    char text[256];
    const int size = snprintf(text, sizeof text, "%s %llu %.*s", what, (unsigned long long)node, (int)given.size, given.data);
    const dunlin_str frame = {text, size < (int)sizeof text ? (size_t)size : sizeof text - 1};
    link->events->received(link->events->self, frame);
}

static dunlin_status take(dunlin_draft_link *link, const char *what, uint64_t node, dunlin_str frame) {
    if (frame.size == 6 && memcmp(frame.data, "refuse", 6) == 0) return DUNLIN_E_FULL;
    tell(link, what, node, frame);
    return DUNLIN_OK;
}

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    dunlin_settings *made = calloc(1, sizeof *made);
    (void)host;
    if (!made) return DUNLIN_E_NO_MEMORY;
    made->alone = strstr(json.data, "\"alone\":true") != NULL;
    made->refuse = strstr(json.data, "\"refuse\":true") != NULL;
    *out = made;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { free(settings); }

static dunlin_status open_link(const dunlin_host *host, const dunlin_settings *settings, uint64_t node,
                               const dunlin_draft_engine_events *events, dunlin_draft_link **out) {
    (void)host, (void)node;
    if (settings->refuse) return DUNLIN_E_FAILED;
    if (!(*out = malloc(sizeof **out))) return DUNLIN_E_NO_MEMORY;
    (*out)->events = events;
    events->connected(events->self, 65536);
    return DUNLIN_OK;
}

static dunlin_status broadcast(dunlin_draft_link *link, dunlin_str frame) { return take(link, "broadcast", 0, frame); }
static dunlin_status send_frame(dunlin_draft_link *link, uint64_t node, dunlin_str frame) { return take(link, "send", node, frame); }

static void close_link(dunlin_draft_link *link) {
    const dunlin_str late = {"too late", 8};
    tell(link, "close", 0, late);
    free(link);
}

#ifdef LEAST
static const dunlin_draft_engine engine = {open_link, broadcast, send_frame, close_link, NULL, NULL, NULL};
#else
static void *say_nobody(void *link) {
    const dunlin_draft_engine_events *events = ((dunlin_draft_link *)link)->events;
    events->nobody(events->self, 2);
    return NULL;
}

static dunlin_status ask(dunlin_draft_link *link, uint64_t node, dunlin_str frame) {
    const dunlin_status status = take(link, "ask", node, frame);
    pthread_t other;
    if (node == 1) link->events->nobody(link->events->self, 1);
    if (node == 2 && pthread_create(&other, NULL, say_nobody, link) == 0) pthread_join(other, NULL);
    return status;
}

static void flush(dunlin_draft_link *link) {
    const dunlin_str nothing = {"", 0};
    tell(link, "flush", 0, nothing);
}

static int32_t alone(const dunlin_settings *settings) { return settings->alone; }

static const dunlin_draft_engine engine = {open_link, broadcast, send_frame, close_link, ask, flush, alone};
#endif

/* Never called: an engine is one for the process. */
static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    (void)host, (void)settings;
    *out = NULL;
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *instance) { (void)instance; }

static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_DRAFT_ENGINE) == 0 ? &engine : NULL; }

static const dunlin_module module = {NAME, "1", "an engine to its own node", NULL, NULL, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
