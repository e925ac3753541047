// SPDX-License-Identifier: Apache-2.0
#include "core/config/keys.h"

#include <crypt.h>
#include <sched.h>

#include <algorithm>

#include <fmt/format.h>

#include "core/config/loader.h"
#include "core/config/sections.h"

namespace dunlin {
namespace {

using Node = YAML::Node;

unsigned cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? static_cast<unsigned>(std::max(CPU_COUNT(&set), 1)) : 1;
}

void read_workers(Reading& r, const Node& node, Config& config) {
  if (node.IsScalar() && node.Scalar() == "auto") return;
  std::uint32_t workers = 0;
  if (r.number(node, workers, 1, 256)) config.workers = workers;
}

void read_modules(Reading& r, const Node& node, Config& config) {
  if (!node.IsMap()) return r.fault(node, fmt::format("is {}; must be a map of settings by module name", kind_of(node)));
  for (const auto& member : node) {
    const std::string name = member.first.Scalar();
    ModuleUse& use = config.modules[name];
    if (!use.module.empty()) r.fault(member.first, fmt::format("module \"{}\" is given twice", name));
    use.module = name;
    use.place = place_of(member.first);
    if (member.second.IsNull()) continue;
    if (!member.second.IsMap()) {
      r.fault(member.second, fmt::format("{} is {}; must be a map", name, kind_of(member.second)));
      continue;
    }
    auto places = std::make_shared<Places>();
    use.settings = to_json(member.second, "modules." + name, *places, r.faults);
    use.places = places;
  }
}

const Key<AccessUser> kAccess[] = {
    {"username", "text", "required", "", [](Reading& r, const Node& n, AccessUser& u) { r.text(n, u.username); }},
    {"password", "text", "required", "Plain, or a crypt(3) hash (`$2b$…`, `$y$…`); what begins with `$` is one.",
     [](Reading& r, const Node& n, AccessUser& u) {
       r.text(n, u.password);
       if (u.password.starts_with('$') && crypt_checksalt(u.password.c_str()) == CRYPT_SALT_INVALID)
         r.fault(n, "begins with $ and is no hash that crypt(3) knows; make one with mkpasswd, or write another password");
     }},
    {"roles", "list", "required", "Of `read` and `write`.",
     [](Reading& r, const Node& n, AccessUser& u) {
       std::vector<std::string> roles;
       r.texts(n, roles);
       for (const std::string& role : roles) {
         if (role == "read") u.read = true;
         else if (role == "write") u.write = true;
         else r.fault(n, fmt::format("\"{}\" is no role; must be read or write", role));
       }
     }},
    {"host", "pattern", "*", "Of the caller's address; `*` matches any run of characters.",
     [](Reading& r, const Node& n, AccessUser& u) { r.text(n, u.host); }},
};

void read_access(Reading& r, const Node& node, Config& config) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list of users", kind_of(node)));
  for (const Node& item : node) {
    AccessUser user;
    read_section<AccessUser>(r, item, kAccess, user);
    if (user.username.empty() || user.password.empty()) r.fault(item, "needs `username` and `password`");
    if (!user.read && !user.write) r.fault(item, "has no role; write roles: [read, write]");
    config.access.push_back(std::move(user));
  }
}

const Key<Config> kNode[] = {
    {"workers", "number or auto", "auto", "Event loops, each a thread; auto: one a core.", read_workers},
    {"name", "text", "the host's", "Shown by /v1/nodes.",
     [](Reading& r, const Node& n, Config& c) { r.text(n, c.node_name); }},
    {"files", "number", "65536", "Open files that the server may have, of which each connection is one, as far as the system allows"
     " ([why no more than needed](operating.md#start)).",
     [](Reading& r, const Node& n, Config& c) { r.number(n, c.files, 256, 100'000'000); }},
};

const Key<Config> kPlugins[] = {
    {"directory", "folder", "plugins", "Each NAME.so in it is offered as module NAME; none runs unless it is selected.",
     [](Reading& r, const Node& n, Config& c) { r.existing_path(n, c.plugin_directory); }},
    {"watch", "true or false", "false", "Reload by itself when this file or a module's file has changed.",
     [](Reading& r, const Node& n, Config& c) { choose<bool>(r, n, {{"true", true}, {"false", false}}, c.watch); }},
    {"handover", "duration", "10s", "How long a module that was replaced by a reload may finish what it was asked; then it "
     "is cancelled.", [](Reading& r, const Node& n, Config& c) { r.duration(n, c.handover); }},
};

const Key<Config> kApi[] = {
    {"bind", "host:port", "127.0.0.1:6789", "Where backends call.",
     [](Reading& r, const Node& n, Config& c) { r.bind(n, c.api); }},
    {"access", "list of users", "[]", "`{username, password, roles, host}`; none: open, on a loopback address only.", read_access},
    {"routes", "list of modules", "[]", "Modules that serve HTTP paths of their own beside the API. An entry is a name or `{module: "
     "NAME, deadline: 5s, …its own settings}`.",
     [](Reading& r, const Node& n, Config& c) { r.modules(n, false, c.api_routes); }},
    {"body", "size", "1MiB", "Largest request body.", [](Reading& r, const Node& n, Config& c) { r.size(n, c.api_body); }},
    {"timeout", "duration", "30s", "For one whole request to arrive, and for an answer to be taken by who reads slowly.",
     [](Reading& r, const Node& n, Config& c) { r.duration(n, c.api_timeout); }},
    {"outbox", "size", "1MiB", "What may wait for a WebSocket API connection that reads slowly; beyond it it is closed (4001).",
     [](Reading& r, const Node& n, Config& c) { r.size(n, c.api_outbox); }},
};

const Key<Config> kDirectory[] = {
    {"bind", "host:port", "127.0.0.1:6787", "Where /v1/nodes and /version are served besides.",
     [](Reading& r, const Node& n, Config& c) { r.bind(n, c.node_directory); }},
};

const Key<Config> kLog[] = {
    {"level", "debug, info, warn or error", "info", "What is written to stderr.",
     [](Reading& r, const Node& n, Config& c) {
       choose<Level>(r, n, {{"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}},
                     c.log_level);
     }},
    {"format", "text or json", "text", "`json`: one object a line, for machines.",
     [](Reading& r, const Node& n, Config& c) {
       choose<LogFormat>(r, n, {{"text", LogFormat::text}, {"json", LogFormat::json}}, c.log_format);
     }},
};

template <const auto& Keys>
void section(Reading& r, const Node& n, Config& c) {
  read_section<Config>(r, n, Keys, c);
}

const Key<Config> kRoot[] = {
    {"node", "map", "", "", section<kNode>},
    {"plugins", "map", "", "", section<kPlugins>},
    {"modules", "map", "{}", "Settings by module name; each module documents its own.", read_modules},
    {"listeners", "list", "required", "", read_listeners},
    {"api", "map", "", "", section<kApi>},
    {"directory", "map", "", "", section<kDirectory>},
    {"mesh", "map", "", "", read_mesh},
    {"queue", "map", "", "", read_queue},
    {"redis", "list", "[]", "Redis servers that scripts may use, by name ([lua-api.md](lua-api.md#redis)).", read_redis},
    {"filters", "list of modules", "[]", "Shown each publish once, before it is handed to anybody: they let it pass, change it or drop "
     "it. An entry is a name or `{module: NAME, on_error: pass, …its own settings}`.",
     [](Reading& r, const Node& n, Config& c) { r.modules(n, true, c.filters); }},
    {"log", "map", "", "", section<kLog>},
    {"shutdown", "duration", "10s", "How long SIGTERM spreads the closing of connections (1001).",
     [](Reading& r, const Node& n, Config& c) { r.duration(n, c.shutdown); }},
};

}  // namespace

std::string fallback_of(const std::string& key) {
  const std::string found[] = {
      fallback_in<Config>("node.", kNode, key), fallback_in<Config>("", kRoot, key),
      fallback_in<Config>("api.", kApi, key),   fallback_in<Config>("directory.", kDirectory, key),
      listener_fallback(key),                   mesh_fallback(key)};
  for (const std::string& fallback : found)
    if (!fallback.empty()) return fallback;
  return "";
}

void read_config(const YAML::Node& root, Config& config, Faults& faults) {
  Reading reading{config, faults, ""};
  read_section<Config>(reading, root, kRoot, config);
  if (config.workers == 0) config.workers = cores();
  if (config.listeners.empty() && !root["listeners"])
    faults.add(root, "", "no listener; write listeners: [{bind: 0.0.0.0:6790, endpoints: […]}]");
}

std::string config_keys_markdown() {
  const std::string head = "| key | kind | default | meaning |\n|---|---|---|---|\n";
  return head + rows<Config>("node.", kNode) + rows<Config>("plugins.", kPlugins) + listener_rows() + rows<Config>("", kRoot) +
         rows<Config>("api.", kApi) + rows<AccessUser>("api.access[].", kAccess) + rows<Config>("directory.", kDirectory) +
         mesh_rows() + rows<Config>("log.", kLog);
}

}  // namespace dunlin
