// SPDX-License-Identifier: Apache-2.0
// Opens a plugin and looks at everything that can be looked at before one of its functions is called.
#include <dlfcn.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/plugin/module.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;

// It becomes a file's name and a part of figures' names.
bool valid_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain);
}

std::string modules_in(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".so") names.push_back(entry->path().stem().string());
  if (error) return fmt::format("the plugin directory cannot be read: {}", error.message());
  if (names.empty()) return "there is no module in the plugin directory";
  std::sort(names.begin(), names.end());
  return fmt::format("there are: {}", fmt::join(names, ", "));
}

// What the module's table lacks; empty: nothing.
std::string flaw_in(const dunlin_module& module, const std::string& name) {
  if (!module.name) return "its module has no name";
  if (name != module.name)
    return fmt::format("its module calls itself \"{}\"; the file's stem must be the module's name", module.name);
  struct Hook {
    bool there;
    const char* name;
  };
  const Hook hooks[] = {{module.configure != nullptr, "configure"},
                        {module.discard != nullptr, "discard"},
                        {module.create != nullptr, "create"},
                        {module.destroy != nullptr, "destroy"},
                        {module.get_interface != nullptr, "get_interface"}};
  for (const Hook& hook : hooks)
    if (!hook.there) return fmt::format("its module lacks the hook {}", hook.name);
  const auto* auth = static_cast<const dunlin_auth*>(module.get_interface(DUNLIN_AUTH));
  if (auth && !auth->check) return "its " DUNLIN_AUTH " lacks check";
  const auto* router = static_cast<const dunlin_router*>(module.get_interface(DUNLIN_ROUTER));
  if (router && !(router->open && router->message && router->close))
    return "its " DUNLIN_ROUTER " lacks open, message or close";
  const auto* guard = static_cast<const dunlin_subscribe_guard*>(module.get_interface(DUNLIN_SUBSCRIBE_GUARD));
  if (guard && !guard->check) return "its " DUNLIN_SUBSCRIBE_GUARD " lacks check";
  const auto* filter = static_cast<const dunlin_publish_filter*>(module.get_interface(DUNLIN_PUBLISH_FILTER));
  if (filter && !filter->filter) return "its " DUNLIN_PUBLISH_FILTER " lacks filter";
  const auto* route = static_cast<const dunlin_http_route*>(module.get_interface(DUNLIN_HTTP_ROUTE));
  return route ? flaw_in_routes(*route) : "";
}

std::string flaw_in(const dunlin_plugin& plugin, const std::string& name) {
  if (plugin.magic != DUNLIN_MAGIC)
    return fmt::format("its {} does not begin with the magic number: no plugin for Dunlin", DUNLIN_ENTRY_SYMBOL);
  if (plugin.abi_major != DUNLIN_ABI_MAJOR)
    return fmt::format("it was built for version {}.{} of the plugin ABI; this server loads version {}.x",
                       plugin.abi_major, plugin.abi_minor, DUNLIN_ABI_MAJOR);
  if (!plugin.module) return "it names no module";
  return flaw_in(*plugin.module, name);
}

Error refused(const std::string& file, const std::string& why) {
  return fail(Errc::bad_input, fmt::format("{}: {}", file, why));
}

}  // namespace

Result<const dunlin_module*> open_library(const std::string& directory, const std::string& name) {
  if (!valid_name(name))
    return fail(Errc::bad_input,
                fmt::format("\"{}\" is no module's name: letters, digits, '-' and '_', at most 64", name));
  const std::string file = fmt::format("{}/{}.so", directory, name);
  std::error_code error;
  if (!fs::exists(file, error))
    return fail(Errc::not_found, fmt::format("{}: no such file; {}", file, modules_in(directory)));
  // NODELETE and never closed: a thread or an exit handler of the plugin may outlive every use of it.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) return refused(file, dlerror());
  const void* symbol = dlsym(library, DUNLIN_ENTRY_SYMBOL);
  if (!symbol) return refused(file, fmt::format("it does not export {}: no plugin for Dunlin", DUNLIN_ENTRY_SYMBOL));
  const auto& plugin = *static_cast<const dunlin_plugin*>(symbol);
  if (const std::string flaw = flaw_in(plugin, name); !flaw.empty()) return refused(file, flaw);
  return plugin.module;
}

}  // namespace dunlin
