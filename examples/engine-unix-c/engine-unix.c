/* SPDX-License-Identifier: Apache-2.0 */
/* engine-unix: a mesh engine for nodes on one machine. Each has a Unix datagram socket DIRECTORY/NODE.sock; the kernel
 * keeps the order of one sender to one receiver, and hands a datagram over whole or not at all. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "dunlin/draft/engine.h"
#include "dunlin/dunlin.h"

enum { name_size = 22, largest = 128 * 1024, room = 4 * 1024 * 1024, longest_wait_us = 20000 };

/* So that directory, slash, sixteen digits and ".sock" fit into an address. */
struct dunlin_settings {
    char directory[80];
};

struct dunlin_draft_link {
    const dunlin_draft_engine_events *events;
    char directory[80];
    char name[name_size];
    int socket, stop;
    pthread_t thread;
    char frame[largest];
};

/* "directory" of {"directory":"..."}: the schema has made sure that it is there, and has no character to be escaped. */
static dunlin_status configure(const dunlin_host *host, dunlin_str json, dunlin_settings **out) {
    static const char key[] = "\"directory\":\"";
    const dunlin_config *config = host->get_extension(host, DUNLIN_EXT_CONFIG);
    const char *from = memmem(json.data, json.size, key, sizeof key - 1);
    const char *end = from ? memchr(from + sizeof key - 1, '"', json.size - (size_t)(from + sizeof key - 1 - json.data)) : NULL;
    const dunlin_str pointer = {"/directory", 10}, why = {"is longer than an address can be", 32};
    dunlin_settings *made;
    if (!end) return DUNLIN_E_INVALID;
    from += sizeof key - 1;
    if ((size_t)(end - from) >= sizeof made->directory) return config->fault(host, pointer, why), DUNLIN_E_INVALID;
    made = calloc(1, sizeof *made);
    if (!made) return DUNLIN_E_NO_MEMORY;
    memcpy(made->directory, from, (size_t)(end - from));
    *out = made;
    return DUNLIN_OK;
}
static void discard(dunlin_settings *settings) { free(settings); }

static void name_of(uint64_t node, char *out) { snprintf(out, name_size, "%016llx.sock", (unsigned long long)node); }

static int address_of(const char *directory, const char *name, struct sockaddr_un *out) {
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    return snprintf(out->sun_path, sizeof out->sun_path, "%s/%s", directory, name) < (int)sizeof out->sun_path;
}

static void *receive(void *argument) {
    dunlin_draft_link *link = argument;
    struct pollfd waiting[] = {{link->socket, POLLIN, 0}, {link->stop, POLLIN, 0}};
    link->events->connected(link->events->self, largest);
    while (poll(waiting, 2, -1) >= 0 || errno == EINTR) {
        ssize_t size;
        if (waiting[1].revents) break;
        size = recv(link->socket, link->frame, sizeof link->frame, MSG_DONTWAIT);
        if (size > 0) {
            const dunlin_str frame = {link->frame, (size_t)size};
            link->events->received(link->events->self, frame);
        }
    }
    return NULL;
}

static void say(const dunlin_host *host, const char *what) {
    const dunlin_log *log = host->get_extension(host, DUNLIN_EXT_LOG);
    const dunlin_str line = {what, strlen(what)};
    log->write(host, DUNLIN_LOG_ERROR, 0, line);
}

static void let_go(dunlin_draft_link *link) {
    struct sockaddr_un address;
    if (address_of(link->directory, link->name, &address)) unlink(address.sun_path);
    if (link->socket >= 0) close(link->socket);
    if (link->stop >= 0) close(link->stop);
    free(link);
}

static dunlin_status open_link(const dunlin_host *host, const dunlin_settings *settings, uint64_t node,
                               const dunlin_draft_engine_events *events, dunlin_draft_link **out) {
    const int size = room;
    const struct timeval wait = {0, longest_wait_us}; /* for a receiver that is slow: then it is refused */
    struct sockaddr_un address;
    dunlin_draft_link *link = calloc(1, sizeof *link);
    char why[200];
    if (!link) return DUNLIN_E_NO_MEMORY;
    link->events = events;
    memcpy(link->directory, settings->directory, sizeof link->directory);
    name_of(node, link->name);
    link->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    link->stop = eventfd(0, EFD_CLOEXEC);
    if (link->socket < 0 || link->stop < 0 || !address_of(link->directory, link->name, &address) ||
        bind(link->socket, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(link->socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0 ||
        setsockopt(link->socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        pthread_create(&link->thread, NULL, receive, link) != 0) {
        snprintf(why, sizeof why, "no socket can be made in %s: %s", link->directory, strerror(errno));
        say(host, why);
        let_go(link);
        return DUNLIN_E_FAILED;
    }
    *out = link;
    return DUNLIN_OK;
}

/* `there`: 0 when nobody has a socket of that name. */
static dunlin_status send_to(dunlin_draft_link *link, const char *name, dunlin_str frame, int *there) {
    struct sockaddr_un address;
    *there = 1;
    if (!address_of(link->directory, name, &address)) return DUNLIN_E_INVALID;
    if (sendto(link->socket, frame.data, frame.size, MSG_NOSIGNAL, (const struct sockaddr *)&address, sizeof address) >= 0)
        return DUNLIN_OK;
    if (errno != ECONNREFUSED && errno != ENOENT) return DUNLIN_E_FULL;
    if (errno == ECONNREFUSED) unlink(address.sun_path); /* its owner has died */
    *there = 0;
    return DUNLIN_OK;
}

static dunlin_status send_frame(dunlin_draft_link *link, uint64_t node, dunlin_str frame) {
    char name[name_size];
    int there;
    name_of(node, name);
    return send_to(link, name, frame, &there);
}

/* The kernel knows at once: whoever waits for an answer need not. */
static dunlin_status ask(dunlin_draft_link *link, uint64_t node, dunlin_str frame) {
    char name[name_size];
    int there;
    dunlin_status status;
    name_of(node, name);
    status = send_to(link, name, frame, &there);
    if (!there) link->events->nobody(link->events->self, node);
    return status;
}

static dunlin_status broadcast(dunlin_draft_link *link, dunlin_str frame) {
    dunlin_status all = DUNLIN_OK;
    struct dirent *entry;
    int there;
    DIR *directory = opendir(link->directory);
    if (!directory) return DUNLIN_E_UNAVAILABLE;
    while ((entry = readdir(directory)) != NULL) {
        const size_t size = strlen(entry->d_name);
        if (size != name_size - 1 || strcmp(entry->d_name + 16, ".sock") != 0 || strcmp(entry->d_name, link->name) == 0) continue;
        if (send_to(link, entry->d_name, frame, &there) != DUNLIN_OK) all = DUNLIN_E_FULL;
    }
    closedir(directory);
    return all;
}

static void close_link(dunlin_draft_link *link) {
    const uint64_t one = 1;
    if (write(link->stop, &one, sizeof one) == sizeof one) pthread_join(link->thread, NULL);
    let_go(link);
}

/* It gathers nothing, and is never alone: a node that comes later is found in the folder. */
static const dunlin_draft_engine engine = {
    .open = open_link,
    .broadcast = broadcast,
    .send = send_frame,
    .close = close_link,
    .ask = ask,
    .flush = NULL,
    .alone = NULL,
};

/* Never called: an engine is one for the process. */
static dunlin_status create(const dunlin_host *host, const dunlin_settings *settings, dunlin_instance **out) {
    (void)host, (void)settings;
    *out = NULL;
    return DUNLIN_OK;
}
static void destroy(dunlin_instance *instance) { (void)instance; }

static const void *get_interface(const char *id) { return strcmp(id, DUNLIN_DRAFT_ENGINE) == 0 ? &engine : NULL; }

static const dunlin_module module = {
    .name = "engine-unix",
    .version = "0.1.0",
    .summary = "a mesh of nodes on one machine, by Unix sockets",
    .settings_schema = "{\"type\":\"object\",\"required\":[\"directory\"],\"additionalProperties\":false,\"properties\":"
                       "{\"directory\":{\"type\":\"string\",\"pattern\":\"^/[^\\\"\\\\\\\\]*$\"}}}",
    .required = NULL,
    .configure = configure,
    .discard = discard,
    .create = create,
    .destroy = destroy,
    .get_interface = get_interface,
};

const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &module};
