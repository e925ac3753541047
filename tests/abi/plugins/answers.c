/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to answer, right and wrong. */
#include <stdio.h>
#include <time.h>

#include "probe.h"

static dunlin_verdict pass(dunlin_instance *self, dunlin_ticket ticket) { return (void)self, (void)ticket, DUNLIN_PASS; }
static dunlin_verdict allow(dunlin_instance *self, dunlin_ticket ticket) { return (void)self, (void)ticket, DUNLIN_ALLOW; }
static dunlin_verdict deny(dunlin_instance *self, dunlin_ticket ticket) { return (void)self, (void)ticket, DUNLIN_DENY; }
static dunlin_verdict nonsense(dunlin_instance *self, dunlin_ticket ticket) { return (void)self, (void)ticket, 77; }

static dunlin_verdict negative(dunlin_instance *self, dunlin_ticket ticket) {
    return (void)self, (void)ticket, DUNLIN_E_FAILED;
}

static dunlin_verdict never(dunlin_instance *self, dunlin_ticket ticket) {
    self->ticket = ticket;
    return DUNLIN_PENDING;
}

static dunlin_verdict inside(dunlin_instance *self, dunlin_ticket ticket) {
    probe_allow(self, ticket, self->rest);
    return DUNLIN_PENDING;
}

static dunlin_verdict inside_then_deny(dunlin_instance *self, dunlin_ticket ticket) {
    probe_allow(self, ticket, "5");
    return DUNLIN_DENY;
}

static dunlin_verdict twice(dunlin_instance *self, dunlin_ticket ticket) {
    const dunlin_status first = probe_allow(self, ticket, "5");
    const dunlin_status second = self->tickets->answer(self->host, ticket, DUNLIN_DENY, NULL);
    probe_say(self, "first %d, second %d", (int)first, (int)second);
    return DUNLIN_PENDING;
}

static dunlin_verdict pending_is_no_answer(dunlin_instance *self, dunlin_ticket ticket) {
    probe_say(self, "%d", (int)self->tickets->answer(self->host, ticket, DUNLIN_PENDING, NULL));
    probe_allow(self, ticket, "5");
    return DUNLIN_PENDING;
}

static dunlin_verdict nonsense_answer(dunlin_instance *self, dunlin_ticket ticket) {
    self->tickets->answer(self->host, ticket, -3, NULL);
    return DUNLIN_PENDING;
}

static dunlin_verdict denied_because(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_answer no = {0};
    no.reason = probe_str("two\nlines");
    self->tickets->answer(self->host, ticket, DUNLIN_DENY, &no);
    return DUNLIN_PENDING;
}

/* An HTTP reply to what may be no HTTP request. */
static dunlin_verdict replied(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_reply reply = {0};
    reply.status = 200;
    self->replies->send(self->host, ticket, &reply);
    return DUNLIN_PENDING;
}

/* One question later: what the last open ticket says to an answer. */
static dunlin_verdict answer_last(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    probe_say(self, "last %d", (int)probe_allow(self, self->ticket, "7"));
    return DUNLIN_ALLOW;
}

static dunlin_verdict unknown_ticket(dunlin_instance *self, dunlin_ticket ticket) {
    probe_say(self, "%d %d %d", (int)probe_allow(self, 0, "1"), (int)probe_allow(self, ticket + 1, "1"),
              (int)probe_allow(self, ~(dunlin_ticket)0, "1"));
    return DUNLIN_ALLOW;
}

static void answer_kept(void *user) {
    dunlin_instance *self = user;
    probe_allow(self, self->ticket, "7");
}

static dunlin_verdict later(dunlin_instance *self, dunlin_ticket ticket) {
    self->ticket = ticket;
    self->timers->start(self->host, 50, 0, answer_kept, self, &self->timer);
    return DUNLIN_PENDING;
}

static void pass_kept(void *user) {
    dunlin_instance *self = user;
    self->tickets->answer(self->host, self->ticket, DUNLIN_PASS, NULL);
}

static dunlin_verdict pass_later(dunlin_instance *self, dunlin_ticket ticket) {
    self->ticket = ticket;
    self->timers->start(self->host, 50, 0, pass_kept, self, &self->timer);
    return DUNLIN_PENDING;
}

static void *answer_on_thread(void *user) {
    dunlin_instance *self = user;
    const dunlin_status status = probe_allow(self, self->ticket, "7");
    atomic_fetch_add(status == DUNLIN_OK ? &self->won : &self->gone, 1);
    return NULL;
}

static dunlin_verdict thread(dunlin_instance *self, dunlin_ticket ticket) {
    self->ticket = ticket;
    probe_thread(self, answer_on_thread);
    return DUNLIN_PENDING;
}

static dunlin_verdict race(dunlin_instance *self, dunlin_ticket ticket) {
    self->ticket = ticket;
    for (int i = 0; i < 8; i++) probe_thread(self, answer_on_thread);
    return DUNLIN_PENDING;
}

static dunlin_verdict race_result(dunlin_instance *self, dunlin_ticket ticket) {
    (void)ticket;
    while (self->thread_count > 0) pthread_join(self->threads[--self->thread_count], NULL);
    probe_say(self, "won %d, gone %d", atomic_load(&self->won), atomic_load(&self->gone));
    return DUNLIN_ALLOW;
}

/* Identities: what the word after the ':' says is wrong with it. */
static dunlin_verdict identity(dunlin_instance *self, dunlin_ticket ticket) {
    dunlin_pair context[2];
    dunlin_str channels[2];
    dunlin_identity user = {0};
    dunlin_answer yes = {0};
    const char *value = self->rest[0] == 'j' ? "{broken" : "9007199254740993";
    context[0].name = probe_str("plan");
    context[0].value = probe_str("\"gold\"");
    context[1].name = probe_str("big");
    context[1].value = probe_str(value);
    channels[0] = probe_str("news");
    channels[1] = probe_str(self->rest[0] == 'c' ? "a\nb" : "sport");
    user.uid.text = probe_str(self->rest[0] == 'n' ? "12x" : "1463786910324359168");
    user.uid.kind = self->rest[0] == 'k' ? 9u : self->rest[0] == 'u' ? DUNLIN_UID_NONE : DUNLIN_UID_NUMBER;
    user.context = self->rest[0] == 'p' ? NULL : context;
    user.context_count = user.channel_count = 2;
    user.channels = channels;
    user.expires_at_ms = 1234;
    yes.identity = &user;
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
    return DUNLIN_PENDING;
}

/* Holds the worker for longer than a hook may. */
static dunlin_verdict slow(dunlin_instance *self, dunlin_ticket ticket) {
    struct timespec began, now;
    (void)self, (void)ticket;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000 < 110);
    return DUNLIN_ALLOW;
}

const probe_act probe_answers[] = {
    {"pass", pass},
    {"allow", allow},
    {"deny", deny},
    {"nonsense", nonsense},
    {"negative", negative},
    {"never", never},
    {"inside", inside},
    {"inside-then-deny", inside_then_deny},
    {"twice", twice},
    {"pending-is-no-answer", pending_is_no_answer},
    {"nonsense-answer", nonsense_answer},
    {"denied-because", denied_because},
    {"replied", replied},
    {"answer-last", answer_last},
    {"unknown-ticket", unknown_ticket},
    {"later", later},
    {"pass-later", pass_later},
    {"thread", thread},
    {"race", race},
    {"race-result", race_result},
    {"identity", identity},
    {"slow", slow},
    {NULL, NULL},
};
