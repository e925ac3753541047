/* SPDX-License-Identifier: Apache-2.0 */
/* A module to be swapped: an auth module and a router that do as their settings say, and keep books of what they are told,
 * so that a connection that was not handed over is seen. Built twice, with different VERSIONs.
 *
 *   {"refuse": true}   configure refuses      {"fail": true}  create fails
 *   {"hang": true}     the token "hang-…" and the message "hang" are never answered
 *   {"hold_destroy": "FILE"}, {"hold_discard": "FILE"}   that does not return before there is such a file; there is a
 *                      FILE.held as soon as it waits
 *   {"mark": "text"}   what "who" is answered with, after the version
 *
 * The message "crash" writes where nothing is; "block" sleeps for 200 ms; "exit" ends the process; "hold FILE" does
 * not return before there is such a file, nor does configure with {"hold": "FILE"}.
 * A token "u-<digits>" is the user <digits>, answered a little later. A message is echoed a little later, behind the
 * version; "who" is answered at once; "publish CHANNEL TEXT", "subscribe CHANNEL" and
 * "unsubscribe CHANNEL" do so. */
#define _POSIX_C_SOURCE 200809L /* nanosleep, access */
#include <dunlin/dunlin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct dunlin_settings {
    int fail, hang;
    char mark[32], hold_destroy[256], hold_discard[256];
};

struct owned { /* a connection that this instance has opened or adopted */
    dunlin_conn conn;
    struct owned *next;
};

struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_settings *settings;
    const dunlin_ticket_api *tickets;
    const dunlin_conn_api *conns;
    const dunlin_channel *channels;
    const dunlin_timer *timers;
    const dunlin_log *log;
    struct owned *owned[1024];
    struct later *later; /* all that is to be done yet */
};

/* What is done a little later. */
struct later {
    struct later *next, **at;
    dunlin_instance *self;
    dunlin_ticket ticket;
    dunlin_conn conn;
    uint64_t timer;
    int login;
    char data[256];
};

static struct later *begin(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket) {
    struct later *later = calloc(1, sizeof *later);
    later->self = self;
    later->conn = conn;
    later->ticket = ticket;
    later->next = self->later;
    later->at = &self->later;
    if (later->next) later->next->at = &later->next;
    self->later = later;
    return later;
}

static void end(struct later *later) {
    *later->at = later->next;
    if (later->next) later->next->at = later->at;
    free(later);
}

static dunlin_str text(const char *s) {
    dunlin_str out;
    out.data = s;
    out.size = strlen(s);
    return out;
}

/* Returns when there is such a file. */
static void hold_until(const char *file) {
    const struct timespec moment = {0, 10 * 1000 * 1000};
    while (access(file, F_OK) != 0) nanosleep(&moment, NULL);
}

/* As it, where a file is named; there is a FILE.held then. */
static void hold_visibly(const char *file) {
    char held[300];
    FILE *made;
    if (file[0] == '\0') return;
    snprintf(held, sizeof held, "%s.held", file);
    if ((made = fopen(held, "w")) != NULL) fclose(made);
    hold_until(file);
}

/* The text of a setting, if it is there. */
static void read_text(dunlin_str json, const char *name, char to[256]) {
    const char *at = strstr(json.data, name);
    if (at) sscanf(at + strlen(name), "\":\"%255[^\"]", to);
}

static int says(dunlin_str json, const char *what) { return strstr(json.data, what) != NULL; }

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    const dunlin_config *config = host->get_extension(host, DUNLIN_EXT_CONFIG);
    const char *mark = strstr(json.data, "\"mark\":\""), *hold = strstr(json.data, "\"hold\":\"");
    if (says(json, "\"refuse\":true")) {
        config->fault(host, text("/refuse"), text("refused, as it was told to"));
        return DUNLIN_E_INVALID;
    }
    if (hold) {
        char file[512];
        if (sscanf(hold + 8, "%511[^\"]", file) == 1) hold_until(file);
    }
    if (!(*out = calloc(1, sizeof **out))) return DUNLIN_E_NO_MEMORY;
    (*out)->fail = says(json, "\"fail\":true");
    (*out)->hang = says(json, "\"hang\":true");
    read_text(json, "hold_destroy", (*out)->hold_destroy);
    read_text(json, "hold_discard", (*out)->hold_discard);
    if (mark) sscanf(mark + 8, "%31[^\"]", (*out)->mark);
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) {
    hold_visibly(settings->hold_discard);
    free(settings);
}

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *self;
    if (settings->fail) return DUNLIN_E_FAILED;
    if (!(self = calloc(1, sizeof *self))) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->settings = settings;
    self->tickets = host->get_extension(host, DUNLIN_EXT_TICKET);
    self->conns = host->get_extension(host, DUNLIN_EXT_CONN);
    self->channels = host->get_extension(host, DUNLIN_EXT_CHANNEL);
    self->timers = host->get_extension(host, DUNLIN_EXT_TIMER);
    self->log = host->get_extension(host, DUNLIN_EXT_LOG);
    *out = self;
    return DUNLIN_OK;
}

static void wrong(dunlin_instance *self, dunlin_conn conn, const char *what) {
    self->log->write(self->host, DUNLIN_LOG_ERROR, conn, text(what));
}

static struct owned **find(dunlin_instance *self, dunlin_conn conn) {
    struct owned **at = &self->owned[conn % 1024];
    while (*at && (*at)->conn != conn) at = &(*at)->next;
    return at;
}

static void take(dunlin_instance *self, dunlin_conn conn) {
    struct owned **at = find(self, conn);
    if (*at) {
        wrong(self, conn, "BOOKS: taken twice");
    } else {
        *at = calloc(1, sizeof **at);
        (*at)->conn = conn;
    }
}

static void let_go(dunlin_instance *self, dunlin_conn conn) {
    struct owned **at = find(self, conn), *gone = *at;
    if (!gone) {
        wrong(self, conn, "BOOKS: let go, and never taken");
    } else {
        *at = gone->next;
        free(gone);
    }
}

static void destroy(dunlin_instance *self) {
    size_t i;
    for (i = 0; i < 1024; ++i)
        if (self->owned[i]) wrong(self, self->owned[i]->conn, "BOOKS: destroyed with a connection");
    for (i = 0; i < 1024; ++i)
        while (self->owned[i]) let_go(self, self->owned[i]->conn);
    while (self->later) end(self->later);
    hold_visibly(self->settings->hold_destroy);
    free(self);
}

static void reply(dunlin_instance *self, dunlin_conn conn, const char *data) {
    char line[320];
    snprintf(line, sizeof line, "%s%s%s", VERSION, self->settings->mark, data);
    self->conns->send(self->host, conn, DUNLIN_TEXT, text(line));
}

static void fire(void *user) {
    struct later *later = user;
    dunlin_instance *self = later->self;
    dunlin_identity who;
    dunlin_answer yes;
    memset(&who, 0, sizeof who);
    memset(&yes, 0, sizeof yes);
    who.uid.text = text(later->data);
    who.uid.kind = DUNLIN_UID_NUMBER;
    yes.identity = &who;
    if (!later->login) reply(self, later->conn, later->data);
    self->tickets->answer(self->host, later->ticket, DUNLIN_ALLOW, later->login ? &yes : NULL);
    end(later);
}

static dunlin_verdict answer_later(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket, dunlin_str data,
                                   int login) {
    struct later *later = begin(self, conn, ticket);
    later->login = login;
    snprintf(later->data, sizeof later->data, "%s", data.data);
    self->timers->start(self->host, 15, 0, fire, later, &later->timer);
    return DUNLIN_PENDING;
}

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    dunlin_str rest = credentials->token;
    if (self->settings->hang && strncmp(rest.data, "hang-", 5) == 0) return DUNLIN_PENDING;
    if (strncmp(rest.data, "hang-", 5) != 0 && strncmp(rest.data, "u-", 2) != 0) return DUNLIN_PASS;
    rest.data = strchr(rest.data, '-') + 1;
    rest.size = strlen(rest.data);
    return answer_later(self, conn, ticket, rest, 1);
}

static dunlin_verdict open(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket) {
    (void)ticket;
    take(self, conn);
    return DUNLIN_ALLOW;
}

static void logged_in(void *user, dunlin_conn conn, dunlin_verdict verdict, dunlin_status status) {
    struct later *later = user;
    (void)conn, (void)status;
    reply(later->self, later->conn, verdict == DUNLIN_ALLOW ? "logged in" : "not logged in");
    later->self->tickets->answer(later->self->host, later->ticket, DUNLIN_ALLOW, NULL);
    end(later);
}

static dunlin_verdict login(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket, const char *token) {
    struct later *later = begin(self, conn, ticket);
    dunlin_credentials credentials;
    memset(&credentials, 0, sizeof credentials);
    credentials.token = text(token);
    credentials.source = DUNLIN_LOGIN_MESSAGE;
    if (self->conns->authenticate(self->host, conn, &credentials, logged_in, later) == DUNLIN_OK) return DUNLIN_PENDING;
    end(later);
    return DUNLIN_DENY;
}

static dunlin_verdict publish(dunlin_instance *self, const char *arguments) {
    char channel[128];
    int used = 0;
    if (sscanf(arguments, "%127s %n", channel, &used) != 1) return DUNLIN_DENY;
    self->channels->publish(self->host, text(channel), DUNLIN_TEXT, text(arguments + used), NULL, NULL);
    return DUNLIN_ALLOW;
}

static dunlin_verdict message(dunlin_instance *self, dunlin_conn conn, const dunlin_message *message,
                              dunlin_ticket ticket) {
    const char *data = message->data.data;
    if (!*find(self, conn)) wrong(self, conn, "BOOKS: a message of a connection that is another's");
    if (strcmp(data, "who") == 0) {
        reply(self, conn, "");
        return DUNLIN_ALLOW;
    }
    if (strncmp(data, "login ", 6) == 0) return login(self, conn, ticket, data + 6);
    if (strncmp(data, "publish ", 8) == 0) return publish(self, data + 8);
    if (strncmp(data, "subscribe ", 10) == 0) {
        self->channels->subscribe(self->host, conn, text(data + 10));
        reply(self, conn, "subscribed");
        return DUNLIN_ALLOW;
    }
    if (strncmp(data, "unsubscribe ", 12) == 0) {
        reply(self, conn, self->channels->unsubscribe(self->host, conn, text(data + 12)) == DUNLIN_OK ? "unsubscribed" : "not subscribed");
        return DUNLIN_ALLOW;
    }
    if (strcmp(data, "crash") == 0) *(volatile int *)16 = 1;
    if (strcmp(data, "exit") == 0) exit(0);
    if (strncmp(data, "hold ", 5) == 0) {
        hold_until(data + 5);
        return DUNLIN_ALLOW;
    }
    if (strcmp(data, "block") == 0) {
        const struct timespec long_enough = {0, 200 * 1000 * 1000};
        nanosleep(&long_enough, NULL);
        return DUNLIN_ALLOW;
    }
    if (self->settings->hang && strcmp(data, "hang") == 0) return DUNLIN_PENDING;
    return answer_later(self, conn, ticket, message->data, 0);
}

static void closed(dunlin_instance *self, dunlin_conn conn, int32_t code, const dunlin_str *why) {
    (void)code, (void)why;
    let_go(self, conn);
}

static const dunlin_auth auth = {check, NULL};
static const dunlin_router router = {open, message, closed, NULL, let_go, take};

static const void *get_interface(const char *id) {
    if (strcmp(id, DUNLIN_AUTH) == 0) return &auth;
    return strcmp(id, DUNLIN_ROUTER) == 0 ? (const void *)&router : NULL;
}

static const char *const required[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_CONN, DUNLIN_EXT_CHANNEL, DUNLIN_EXT_TIMER,
                                       DUNLIN_EXT_LOG,    DUNLIN_EXT_CONFIG, NULL};
static const dunlin_module module = {"swap", VERSION, "is swapped", NULL, required, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
