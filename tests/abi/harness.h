/* SPDX-License-Identifier: Apache-2.0 */
/* A worker held in the hand: ModuleRuntime over services that live in memory and a clock that stands still until it is
 * told to move. Driven by C, one thread. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct harness harness;

enum { ALLOWED, DENIED, UNAVAILABLE };
enum { PROCEED, DENY, FAULT };
enum { PENDING = -1 };

typedef struct login {
    int outcome; /* or PENDING */
    char uid[64], module[64], reason[128];
    unsigned uid_kind;
    char context[128];  /* key=json;key=json; */
    char channels[128]; /* name;name; */
    int64_t expires_at_ms;
} login;

/* One endpoint with this chain (names apart by ','; "name!" for `on_error: pass`) and the router `probe`; 5 s deadlines. */
harness *harness_open(const char *chain);
/* With another router; it is the guard, too, if it is `thrower` or `numbers`, and guard, filter and module of routes if it is `sugar`. */
harness *harness_open_with(const char *chain, const char *router);
/* Destroys the runtime; what modules did until then can still be read. */
void harness_stop(harness *self);
void harness_close(harness *self);

login harness_login(harness *self, uint64_t conn, const char *token);
int harness_message(harness *self, uint64_t conn, const char *text);
int harness_open_conn(harness *self, uint64_t conn);
void harness_close_conn(harness *self, uint64_t conn, int code, const char *why);
void harness_cancel(harness *self, uint64_t conn);

/* As in a swap to itself: released, and adopted. */
void harness_hand_over(harness *self, uint64_t conn);

/* From here on connection 1 has brought what harness.cpp says, and is logged in or not; all others are gone. */
void harness_know(harness *self, int logged_in);
void harness_bytes_arrived(harness *self, size_t size); /* it is a raw TCP connection */

/* The framer of the router: `conn` 0 is all at once. "(each)": it wants to be asked for each; "(failed)". */
int64_t harness_input(harness *self, uint64_t conn, const char *unread);
const char *harness_encode(harness *self, uint64_t conn, const char *text);

/* Redis: commands wait until they are answered, with [1, ["two", nil]], or with DUNLIN_E_UNAVAILABLE. */
void harness_answer_redis(harness *self);
void harness_fail_redis(harness *self);
int harness_redis_commands(harness *self);

/* The endpoint's guards are `probe` and then `passer`, which denies a channel that ends in ":no", allows one that ends in
 * ":yes" and passes on the rest; `probe` is the filter and the module of HTTP routes, too. What is answered later is WAITS
 * at first, and harness_guard_answer() or harness_reply() has it then. */
enum { WAITS = 1 };
int harness_guard(harness *self, uint64_t conn, const char *channel); /* a dunlin_status */
int harness_guard_answer(harness *self);
enum { PASSED, DROPPED, FAULTY };
int harness_filter(harness *self, const char *text); /* what came out is in harness_filtered() */
const char *harness_filtered(harness *self);
int harness_serve(harness *self, int route, const char *body); /* the HTTP status */
const char *harness_reply(harness *self);                      /* "STATUS TYPE BODY HEADERS"; "" until it has come */
/* A second instance of the same selection, as on another worker; what it sends is in harness_sent(), too. */
int harness_message_elsewhere(harness *self, uint64_t conn, const char *text);
void harness_stop_elsewhere(harness *self);

/* The last answer that came to the sink for this connection; PENDING: none yet. */
login harness_login_answer(harness *self, uint64_t conn);
int harness_router_answer(harness *self, uint64_t conn);
/* How many answers have come to the sink. */
int harness_answers(harness *self);

void harness_turn(harness *self);                         /* runs what was posted and deferred */
void harness_wait_answers(harness *self, int count);      /* turns until so many came; fails after 10 s */
void harness_wait_sent(harness *self, int count);         /* likewise for texts sent */
void harness_advance(harness *self, uint64_t ms);         /* moves the clock, firing timers on the way */
void harness_answer_http(harness *self, int code, const char *body);
int harness_timers(harness *self);                        /* running */
int harness_requests(harness *self);                      /* running */

/* Every text that modules sent, in order, each ended by '|'. */
const char *harness_sent(harness *self);
int harness_sent_count(harness *self);
/* The sum of the samples of this name (of the second instance, when the first was stopped) that carry this label value ("" for any); -1: there is none. */
double harness_metric(harness *self, const char *name, const char *label_value);
/* What was logged so far. */
const char *harness_log(harness *self);

/* How often the host allocated memory for one message, or one log-in, that is answered at once. */
int harness_message_allocations(harness *self, const char *text);
int harness_login_allocations(harness *self, const char *token);

/* The faults of a configuration whose router is `router` and whose auth is `auth` ("" for none), with these settings;
 * "" when there are none. The settings stand at line 7, column 3; /refuse at 8:5, /list/1 at 9:11, /count at 10:12. */
const char *harness_faults(const char *auth, const char *router, const char *settings);
/* Why the instances could not be created on a worker; "" when they could. */
const char *harness_create_error(const char *auth);

#ifdef __cplusplus
}
#endif

#endif
