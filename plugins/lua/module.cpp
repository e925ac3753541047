// SPDX-License-Identifier: Apache-2.0
// The module `lua`: scripts as routers and as auth modules. The entry that the host opens.
#include <memory>

#include "plugins/lua/interfaces.h"
#include "plugins/lua/settings.h"

namespace dunlin::lua {
namespace {

constexpr const char* kRequired[] = {DUNLIN_EXT_LOG,     DUNLIN_EXT_CONFIG,  DUNLIN_EXT_TICKET, DUNLIN_EXT_CONN,
                                     DUNLIN_EXT_CONTEXT, DUNLIN_EXT_CHANNEL, DUNLIN_EXT_TIMER,  DUNLIN_EXT_METRICS,
                                     DUNLIN_EXT_SOCKET,  DUNLIN_EXT_REDIS,  nullptr};

dunlin_status refuse(const Host& host, const Fault& fault) {
  host.config->fault(host.self, str(fault.pointer), str(fault.what));
  return DUNLIN_E_INVALID;
}

// Loads the script once before any worker does, so that a broken one stops the start and not the first connection.
bool try_script(const Host& host, const Settings& settings, Fault& fault) {
  std::string error;
  const auto engine = Engine::load(host, settings, error);
  if (!engine) {
    fault = {"/entry", error};
    return false;
  }
  if (engine->handler(Handler::message) || engine->handler(Handler::authenticate)) return true;
  fault = {"/entry", settings.entry + " defines neither on_message nor authenticate"};
  return false;
}

dunlin_status configure(const dunlin_host* self, dunlin_str json, dunlin_settings** out) noexcept {
  const Host host = Host::of(self);
  auto settings = std::make_unique<Settings>();
  Fault fault;
  if (!read_settings(view(json), view(host.config->directory(self)), *settings, fault)) return refuse(host, fault);
  if (!try_script(host, *settings, fault)) return refuse(host, fault);
  *out = reinterpret_cast<dunlin_settings*>(settings.release());
  return DUNLIN_OK;
}

void discard(dunlin_settings* settings) noexcept { delete reinterpret_cast<Settings*>(settings); }

dunlin_status create(const dunlin_host* host, const dunlin_settings* settings, dunlin_instance** out) noexcept {
  auto instance = Instance::create(host, *reinterpret_cast<const Settings*>(settings));
  if (!instance) return DUNLIN_E_FAILED;
  *out = reinterpret_cast<dunlin_instance*>(instance.release());
  return DUNLIN_OK;
}

void destroy(dunlin_instance* instance) noexcept { delete reinterpret_cast<Instance*>(instance); }

const void* get_interface(const char* id) noexcept {
  const std::string_view wanted = id;
  if (wanted == DUNLIN_ROUTER) return router_interface();
  if (wanted == DUNLIN_FRAMER) return framer_interface();
  return wanted == DUNLIN_AUTH ? auth_interface() : nullptr;
}

constexpr dunlin_module kModule = {"lua", "0.1.0", "Lua 5.4 scripts as routers and as auth modules", kSettingsSchema,
                                   kRequired, configure, discard, create, destroy, get_interface};

}  // namespace
}  // namespace dunlin::lua

// entry.h declares it as the one symbol that leaves the file.
const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &dunlin::lua::kModule};
