// SPDX-License-Identifier: Apache-2.0
// The module `lua`: scripts as routers and as auth modules. The entry that the host opens.
#include "plugins/lua/module.h"

namespace dunlin::lua {
namespace {

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

}  // namespace

Module::Settings::Settings(const plugin::Setup& setup) {
  Fault fault;
  if (!read_settings(setup.json, setup.directory(), value, fault) || !try_script(setup.host, value, fault))
    throw plugin::SettingsFault(fault.pointer, fault.what);
}

}  // namespace dunlin::lua

DUNLIN_PLUGIN(dunlin::lua::Module)
