// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/host.h"

#include <utility>

namespace dunlin {
namespace {

struct Extension {
  std::string_view id;
  const void* table;
  bool in_setup;   // offered to `configure` too
  bool in_process;  // offered to a module in a process of its own, which has no part of the server but a loop
};

// Everything a module can ask for. What `required` names is looked up here.
constexpr Extension kExtensions[] = {
    {DUNLIN_EXT_LOG, &kLogTable, true, true},
    {DUNLIN_EXT_CONFIG, &kConfigTable, true, true},
    {DUNLIN_EXT_TICKET, &kTicketTable, false, true},
    {DUNLIN_EXT_CONN, &kConnTable, false, true},
    {DUNLIN_EXT_CHANNEL, &kChannelTable, false, false},
    {DUNLIN_EXT_CONTEXT, &kContextTable, false, false},
    {DUNLIN_EXT_TIMER, &kTimerTable, false, true},
    {DUNLIN_EXT_HTTP, &kHttpTable, false, true},
    {DUNLIN_EXT_METRICS, &kMetricsTable, false, true},
    {DUNLIN_EXT_TASK, &kTaskTable, false, true},
    {DUNLIN_EXT_SUBSCRIBE, &kSubscribeTable, false, false},
    {DUNLIN_EXT_REPLY, &kReplyTable, false, false},
    {DUNLIN_EXT_CACHE, &kCacheTable, false, true},
    {DUNLIN_EXT_LOOP, &kLoopTable, false, true},
    {DUNLIN_EXT_SOCKET, &kSocketTable, false, false},
    {DUNLIN_EXT_REDIS, &kRedisTable, false, false},
    {DUNLIN_EXT_QUEUE, &kQueueTable, false, false},
    {DUNLIN_EXT_TLS, &kTlsTable, false, true},
};

const Extension* find(std::string_view id, bool isolated) {
  for (const Extension& extension : kExtensions)
    if (extension.id == id) return isolated && !extension.in_process ? nullptr : &extension;
  return nullptr;
}

const void* offer(const dunlin_host* host, const char* id) noexcept {
  if (!host || !id) return nullptr;
  const Host& self = *Host::of(host);
  const Extension* extension = find(id, self.isolated());
  self.note_asked(id);
  return extension && (self.of_worker() || extension->in_setup) ? extension->table : nullptr;
}

}  // namespace

Host::Host(Log& log, std::string module, std::string directory, bool of_worker, bool isolated)
    : dunlin_host{"dunlin", DUNLIN_VERSION, offer}, log_(&log), module_(std::move(module)),
      directory_(std::move(directory)), of_worker_(of_worker), isolated_(isolated) {}

void Host::belong_to(Instance* instance) {
  const std::lock_guard lock(leaving_);
  instance_ = instance;
}

void Host::outlive() {
  const std::lock_guard lock(leaving_);
  log_.store(nullptr, std::memory_order_relaxed);
}

void Host::note_asked(std::string_view id) const {
  if (tells_of_connections(id)) reads_connections_.store(true, std::memory_order_relaxed);
}

bool tells_of_connections(std::string_view id) { return id == DUNLIN_EXT_CONN || id == DUNLIN_EXT_TLS; }

const void* find_extension(std::string_view id, bool isolated) {
  const Extension* extension = find(id, isolated);
  return extension ? extension->table : nullptr;
}

}  // namespace dunlin
