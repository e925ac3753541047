/* SPDX-License-Identifier: Apache-2.0 */
/* probe: an auth module and router that does what the token or the message tells it to, and reports what came of it by
 * sending text to the connection, where the tests read it. */
#ifndef PROBE_H
#define PROBE_H

#include <dunlin/dunlin.h>
#include <pthread.h>
#include <stdatomic.h>

#define PROBE_THREADS 64

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_ticket_api *tickets;
    const dunlin_conn_api *conns;
    const dunlin_channel *channels;
    const dunlin_context *contexts;
    const dunlin_timer *timers;
    const dunlin_http *http;
    const dunlin_task *tasks;
    const dunlin_metrics *metrics;
    const dunlin_log *logs;
    const dunlin_subscribe *subscribes;
    const dunlin_queue *queues;
    const dunlin_reply_api *replies;
    const dunlin_cache *caches;
    const dunlin_loop *loops;
    const dunlin_redis *redis;
    const dunlin_socket *sockets;
    const dunlin_config *configs;
    uint64_t flight;      /* the last one that was left open */
    char instead[64];     /* what a message was changed into */
    dunlin_conn conn;     /* of the last question */
    dunlin_ticket ticket; /* the last one that was left open */
    const char *rest;     /* what follows the word and its ':' in the last question */
    uint64_t timer;
    int ticks;
    atomic_int won, gone;
    pthread_t threads[PROBE_THREADS];
    int thread_count;
};

typedef struct probe_act {
    const char *word;
    dunlin_verdict (*run)(dunlin_instance *self, dunlin_ticket ticket);
} probe_act;

extern const probe_act probe_answers[];  /* answers.c */
extern const probe_act probe_services[]; /* services.c */
extern const probe_act probe_sharing[];  /* sharing.c */
extern const probe_act probe_connection[]; /* connection.c */
extern const dunlin_framer probe_framer;

extern const dunlin_subscribe_guard probe_guard; /* interfaces.c, as the others */
extern const dunlin_publish_filter probe_filter;
extern const dunlin_http_route probe_route;

/* Does what the text says. */
dunlin_verdict probe_do(dunlin_instance *self, dunlin_conn conn, dunlin_str text, dunlin_ticket ticket);
void probe_cancel(dunlin_instance *self, dunlin_ticket ticket, int32_t reason);

dunlin_str probe_str(const char *text);
/* Sends one line of text to the connection of the last question. */
void probe_say(dunlin_instance *self, const char *format, ...);
/* Runs fn(self) on a thread that `destroy` joins. */
void probe_thread(dunlin_instance *self, void *(*fn)(void *));
/* Answers ALLOW with the user `uid`, a number. */
dunlin_status probe_allow(dunlin_instance *self, dunlin_ticket ticket, const char *uid);

#endif
