/* @NAME@: who is behind a token. The token "PREFIX<digits>" is the user <digits>; the prefix is in the settings. */
#include <dunlin/dunlin.h>
#include <stdlib.h>
#include <string.h>

enum { max_prefix = 64 };

/* Made once from the settings, shared by all workers, never changed. */
struct dunlin_settings {
    size_t size;
    char prefix[max_prefix];
};

/* One a worker: what it keeps is its own affair. */
struct dunlin_instance {
    const dunlin_host *host;
    const dunlin_settings *settings;
    const dunlin_ticket_api *tickets;
};

/* The server checks the settings against this before configure sees them, and points at file, line and column. */
static const char schema[] =
    "{\"type\": \"object\", \"required\": [\"prefix\"], \"additionalProperties\": false, \"properties\": {\"prefix\": "
    "{\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_-]+$\", \"minLength\": 1, \"maxLength\": 64}}}";

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    /* The schema leaves {"prefix":"…"} without a backslash; with more settings than one use a JSON library. */
    const char *value = strchr(json.data, ':'); /* what the host passes ends in a NUL */
    const char *begin = value ? strchr(value, '"') : NULL;
    const char *end = begin ? strchr(begin + 1, '"') : NULL;
    dunlin_settings *settings;
    (void)host;
    if (!end || end - begin - 1 > max_prefix) return DUNLIN_E_INVALID;
    if (!(settings = calloc(1, sizeof *settings))) return DUNLIN_E_NO_MEMORY;
    settings->size = (size_t)(end - begin - 1);
    memcpy(settings->prefix, begin + 1, settings->size);
    *out = settings;
    return DUNLIN_OK;
}

static void discard(dunlin_settings *settings) { free(settings); }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *self = calloc(1, sizeof *self);
    if (!self) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->settings = settings;
    self->tickets = host->get_extension(host, DUNLIN_EXT_TICKET); /* in `required`: it is there */
    *out = self;
    return DUNLIN_OK;
}

static void destroy(dunlin_instance *self) { free(self); }

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    const dunlin_str token = credentials->token;
    const size_t size = self->settings->size;
    dunlin_identity user = {0};
    dunlin_answer yes = {0};
    (void)conn;
    if (token.size <= size || memcmp(token.data, self->settings->prefix, size) != 0) return DUNLIN_PASS; /* not mine */
    if (strspn(token.data + size, "0123456789") != token.size - size) return DUNLIN_DENY;
    user.uid.text.data = token.data + size;
    user.uid.text.size = token.size - size;
    user.uid.kind = DUNLIN_UID_NUMBER;
    yes.identity = &user;
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
    return DUNLIN_PENDING; /* the answer has gone through the ticket; it might as well go there later */
}

static const dunlin_auth auth = {check, NULL};
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL; }

static const char *const required[] = {DUNLIN_EXT_TICKET, NULL};
static const dunlin_module module = {"@NAME@", "0.1", "PREFIX<digits> is the user <digits>", schema, required,
                                     configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
