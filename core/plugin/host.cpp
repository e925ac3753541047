// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/host.h"

#include <utility>

namespace dunlin {
namespace {

struct Extension {
  std::string_view id;
  const void* table;
  bool in_setup;  // offered to `configure` too
};

// Everything a module can ask for. What `required` names is looked up here.
constexpr Extension kExtensions[] = {
    {DUNLIN_EXT_LOG, &kLogTable, true},          {DUNLIN_EXT_CONFIG, &kConfigTable, true},
    {DUNLIN_EXT_TICKET, &kTicketTable, false},   {DUNLIN_EXT_CONN, &kConnTable, false},
    {DUNLIN_EXT_CHANNEL, &kChannelTable, false}, {DUNLIN_EXT_CONTEXT, &kContextTable, false},
    {DUNLIN_EXT_TIMER, &kTimerTable, false},     {DUNLIN_EXT_HTTP, &kHttpTable, false},
    {DUNLIN_EXT_METRICS, &kMetricsTable, false}, {DUNLIN_EXT_TASK, &kTaskTable, false},
    {DUNLIN_EXT_SUBSCRIBE, &kSubscribeTable, false}, {DUNLIN_EXT_REPLY, &kReplyTable, false},
    {DUNLIN_EXT_CACHE, &kCacheTable, false},     {DUNLIN_EXT_LOOP, &kLoopTable, false},
    {DUNLIN_EXT_SOCKET, &kSocketTable, false},   {DUNLIN_EXT_REDIS, &kRedisTable, false},
    {DUNLIN_EXT_QUEUE, &kQueueTable, false},
};

const void* offer(const dunlin_host* host, const char* id) noexcept {
  if (!host || !id) return nullptr;
  const bool setup = Host::of(host)->instance() == nullptr;
  for (const Extension& extension : kExtensions)
    if (extension.id == id) return setup && !extension.in_setup ? nullptr : extension.table;
  return nullptr;
}

}  // namespace

Host::Host(Log& log, std::string module, std::string directory, Instance* instance)
    : dunlin_host{"dunlin", DUNLIN_VERSION, offer}, log_(log), module_(std::move(module)),
      directory_(std::move(directory)), instance_(instance) {}

const void* find_extension(std::string_view id) {
  for (const Extension& extension : kExtensions)
    if (extension.id == id) return extension.table;
  return nullptr;
}

}  // namespace dunlin
