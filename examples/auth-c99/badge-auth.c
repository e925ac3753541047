/* SPDX-License-Identifier: Apache-2.0 */
/* badge-auth: an auth plugin in plain C99 that includes nothing of Dunlin's. What the ABI is, is declared here by hand, as a
 * binding for another language does it: structs of pointers, sizes and fixed-width numbers. "badge:NAME" is the user NAME. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct text { const char *data; size_t size; };
struct pair { struct text name, value; };
struct uid { struct text text; uint32_t kind, reserved; };
struct identity {
    struct uid uid;
    const struct pair *context;
    size_t context_count;
    const struct text *channels;
    size_t channel_count;
    int64_t expires_at_ms;
};
struct answer { const struct identity *identity; struct text reason; };
struct credentials { struct text token; uint32_t source, reserved; };
struct host {
    const char *name, *version;
    const void *(*get_extension)(const struct host *, const char *);
};
struct ticket_api { int32_t (*answer)(const struct host *, uint64_t, int32_t, const struct answer *); };

struct badges { const struct host *host; const struct ticket_api *tickets; };

struct auth {
    int32_t (*check)(struct badges *, uint64_t, const struct credentials *, uint64_t);
    void (*cancel)(struct badges *, uint64_t, int32_t);
};
struct module {
    const char *name, *version, *summary, *settings_schema;
    const char *const *required;
    int32_t (*configure)(const struct host *, struct text, void **);
    void (*discard)(void *);
    int32_t (*create)(const struct host *, const void *, struct badges **);
    void (*destroy)(struct badges *);
    const void *(*get_interface)(const char *);
};
struct plugin { uint32_t magic, abi_major, abi_minor, reserved; const struct module *module; };

enum { ok = 0, no_memory = -8, pass = 0, allow = 1, deny = 2, pending = 3, uid_string = 2 };

static int32_t configure(const struct host *host, struct text json, void **out) {
    (void)host, (void)json;
    *out = NULL;
    return ok;
}
static void discard(void *settings) { (void)settings; }

static int32_t create(const struct host *host, const void *settings, struct badges **out) {
    struct badges *self = malloc(sizeof *self);
    (void)settings;
    if (!self) return no_memory;
    self->host = host;
    self->tickets = host->get_extension(host, "dunlin.ticket/1");
    *out = self;
    return ok;
}
static void destroy(struct badges *self) { free(self); }

static int32_t check(struct badges *self, uint64_t conn, const struct credentials *credentials, uint64_t ticket) {
    static const char prefix[] = "badge:";
    const size_t length = sizeof prefix - 1;
    struct identity who;
    struct answer yes;
    (void)conn;
    if (credentials->token.size < length || memcmp(credentials->token.data, prefix, length) != 0) return pass;
    if (credentials->token.size == length) return deny;
    memset(&who, 0, sizeof who);
    memset(&yes, 0, sizeof yes);
    who.uid.text.data = credentials->token.data + length;
    who.uid.text.size = credentials->token.size - length;
    who.uid.kind = uid_string;
    yes.identity = &who;
    self->tickets->answer(self->host, ticket, allow, &yes);
    return pending;
}

static const struct auth auth = {check, NULL};
static const void *get_interface(const char *id) { return strcmp(id, "dunlin.auth/1") == 0 ? &auth : NULL; }
static const char *const required[] = {"dunlin.ticket/1", NULL};
static const struct module module = {"badge-auth", "1.0", "badge:NAME is the user NAME",
                                     "{\"type\": \"object\", \"additionalProperties\": false}", required,
                                     configure, discard, create, destroy, get_interface};
extern const struct plugin dunlin_plugin_v1;
const struct plugin dunlin_plugin_v1 = {0x4e4c4e44u, 1, 0, 0, &module};
