/* @NAME@: what a message means. "join CHANNEL" subscribes, "CHANNEL: TEXT" publishes, anything else is sent back. */
#include <dunlin/dunlin.h>
#include <stdlib.h>
#include <string.h>

struct dunlin_instance { /* one a worker: what it keeps is its own affair */
    const dunlin_host *host;
    const dunlin_conn_api *conns;
    const dunlin_channel *channels;
    const dunlin_subscribe *subscribes;
};

static dunlin_str str(const char *text) {
    dunlin_str all;
    all.data = text;
    all.size = strlen(text);
    return all;
}

static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    (void)host, (void)json;
    *out = NULL; /* no settings */
    return DUNLIN_OK;
}

static void discard(dunlin_settings *settings) { (void)settings; }

static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    dunlin_instance *self = calloc(1, sizeof *self);
    (void)settings;
    if (!self) return DUNLIN_E_NO_MEMORY;
    self->host = host;
    self->conns = host->get_extension(host, DUNLIN_EXT_CONN); /* these are in `required`: they are there */
    self->channels = host->get_extension(host, DUNLIN_EXT_CHANNEL);
    self->subscribes = host->get_extension(host, DUNLIN_EXT_SUBSCRIBE);
    *out = self;
    return DUNLIN_OK;
}

static void destroy(dunlin_instance *self) { free(self); }

static dunlin_verdict on_open(dunlin_instance *self, dunlin_conn conn, dunlin_ticket ticket) {
    (void)self, (void)conn, (void)ticket;
    return DUNLIN_ALLOW;
}

static void joined(void *user, dunlin_conn conn, dunlin_status status) {
    dunlin_instance *self = user;
    self->conns->send(self->host, conn, DUNLIN_TEXT, str(status == DUNLIN_OK ? "joined" : "refused"));
}

static dunlin_verdict on_message(dunlin_instance *self, dunlin_conn conn, const dunlin_message *message,
                                 dunlin_ticket ticket) {
    static const char join[] = "join ";
    const size_t length = sizeof join - 1;
    const dunlin_str data = message->data;
    dunlin_str channel = data, text;
    const char *colon;
    (void)ticket;
    if (data.size > length && memcmp(data.data, join, length) == 0) {
        channel.data += length;
        channel.size -= length;
        if (self->subscribes->request(self->host, conn, channel, joined, self) != DUNLIN_OK) joined(self, conn, DUNLIN_E_INVALID);
        return DUNLIN_ALLOW;
    }
    colon = data.size > 0 ? memchr(data.data, ':', data.size) : NULL;
    if (!colon) return self->conns->send(self->host, conn, message->kind, data), DUNLIN_ALLOW;
    channel.size = (size_t)(colon - data.data);
    text.data = colon + 1;
    text.size = data.size - channel.size - 1;
    self->channels->publish(self->host, channel, message->kind, text, NULL, NULL);
    return DUNLIN_ALLOW;
}

static void on_close(dunlin_instance *self, dunlin_conn conn, int32_t code, const dunlin_str *why) {
    (void)self, (void)conn, (void)code, (void)why; /* its subscriptions have ended by themselves */
}

static const dunlin_router router = {on_open, on_message, on_close, NULL, NULL, NULL};
static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_ROUTER) == 0 ? &router : NULL; }

static const char *const required[] = {DUNLIN_EXT_CONN, DUNLIN_EXT_CHANNEL, DUNLIN_EXT_SUBSCRIBE, NULL};
static const dunlin_module module = {"@NAME@", "0.1", "channels by hand", "{\"type\": \"object\", \"additionalProperties\": false}",
                                     required, configure, discard, create, destroy, get_interface};
DUNLIN_EXPORT const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
