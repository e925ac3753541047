/* SPDX-License-Identifier: Apache-2.0 */
/* pin-auth: the token "1001:PIN" is the user 1001, for whoever knows the PIN in the settings. For a demo. */
#include <stdlib.h>
#include <string.h>

#include "dunlin/dunlin.h"

enum { min_pin = 4, max_pin = 64, max_digits = 19 };
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
static const char schema[] = /* the host checks it first, so that configure sees {"pin":"…"} without a backslash */
    "{\"type\": \"object\", \"required\": [\"pin\"], \"additionalProperties\": false, \"properties\": {\"pin\": "
    "{\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_-]+$\", \"minLength\": 4, \"maxLength\": 64, "
    "\"description\": \"The PIN that everybody shares: letters, digits, _ and -\"}}}";

struct dunlin_settings { size_t size; char pin[max_pin]; };                              /* shared by all workers */
struct dunlin_instance { const dunlin_host *host; const dunlin_settings *settings; const dunlin_ticket_api *tickets; };

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    const dunlin_config *config = host->get_extension(host, DUNLIN_EXT_CONFIG);
    static const char where[] = "/pin", what[] = "write 4 to 64 letters, digits, _ or -";
    const char *pin = memchr(json.data, ':', json.size); /* what the host passes ends in a NUL */
    pin = pin ? strchr(pin, '"') : NULL;
    const size_t size = pin ? strspn(++pin, alphabet) : 0;
    if (size < min_pin || size > max_pin || pin[size] != '"') {
        config->fault(host, (dunlin_str){where, sizeof where - 1}, (dunlin_str){what, sizeof what - 1});
        return DUNLIN_E_INVALID;
    }
    dunlin_settings *settings = malloc(sizeof *settings);
    if (settings == NULL) return DUNLIN_E_NO_MEMORY;
    settings->size = size;
    memcpy(settings->pin, pin, size);
    *out = settings;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { free(settings); }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *instance = malloc(sizeof *instance);
    if (instance == NULL) return DUNLIN_E_NO_MEMORY;
    *instance = (dunlin_instance){host, settings, host->get_extension(host, DUNLIN_EXT_TICKET)};
    *out = instance;
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *instance) { free(instance); }

/* Takes as long for every guess of one length: time must not tell how much of it was right. */
static int is_pin(const dunlin_settings *settings, const char *guess, size_t size) {
    unsigned differs = size != settings->size;
    for (size_t i = 0; i < size; i++) differs |= (unsigned char)(guess[i] ^ settings->pin[i % settings->size]);
    return differs == 0;
}

static dunlin_verdict check(dunlin_instance *self, dunlin_conn conn, const dunlin_credentials *credentials,
                            dunlin_ticket ticket) {
    const dunlin_str token = credentials->token;
    const size_t digits = token.size > 0 ? strspn(token.data, "0123456789") : 0;
    (void)conn;
    if (digits == 0 || digits > max_digits || token.data[0] == '0' || token.data[digits] != ':') return DUNLIN_PASS;
    if (!is_pin(self->settings, token.data + digits + 1, token.size - digits - 1)) return DUNLIN_DENY;
    const dunlin_identity user = {.uid = {.text = {token.data, digits}, .kind = DUNLIN_UID_NUMBER}};
    const dunlin_answer yes = {.identity = &user};
    self->tickets->answer(self->host, ticket, DUNLIN_ALLOW, &yes);
    return DUNLIN_PENDING; /* the answer has gone through the ticket */
}

static const dunlin_auth auth = {check, NULL};
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_AUTH) == 0 ? &auth : NULL; }
static const char *const required[] = {DUNLIN_EXT_CONFIG, DUNLIN_EXT_TICKET, NULL};
static const dunlin_module module = {"pin-auth", "1.0", "UID:PIN is the user UID", schema, required,
                                     configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
