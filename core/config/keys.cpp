// SPDX-License-Identifier: Apache-2.0
#include "core/config/keys.h"

#include <sched.h>

#include <algorithm>

#include <fmt/format.h>

#include "core/config/loader.h"

namespace dunlin {
namespace {

template <class Target>
std::vector<std::string> names_of(std::span<const Key<Target>> keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.emplace_back(key.name);
  return names;
}

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

template <class Choice>
void choose(Reading& r, const Node& node, std::initializer_list<std::pair<const char*, Choice>> choices, Choice& out) {
  std::string value;
  if (!r.text(node, value)) return;
  std::vector<std::string> names;
  for (const auto& [name, choice] : choices) {
    if (value == name) {
      out = choice;
      return;
    }
    names.emplace_back(name);
  }
  r.fault(node, fmt::format("is \"{}\"; must be {}", value, fmt::join(names, " or ")));
}

void read_modules_list(Reading& r, const Node& node, bool chain, std::vector<ModuleUse>& out) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list of modules", kind_of(node)));
  for (const Node& item : node)
    if (ModuleUse use; r.module_use(item, use, chain)) out.push_back(std::move(use));
}

void read_auth(Reading& r, const Node& node, Endpoint& endpoint) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list of modules", kind_of(node)));
  for (const Node& item : node) {
    ModuleUse use;
    if (!r.module_use(item, use, true, {"canary"})) continue;
    if (item.IsMap() && item["canary"]) r.canary(item["canary"], use);
    endpoint.auth.push_back(std::move(use));
  }
}

const Key<Limits> kLimits[] = {
    {"message", "size", "64KiB", "Largest message that a client may send; a larger one closes it (1009).",
     [](Reading& r, const Node& n, Limits& l) { r.size(n, l.message); }},
    {"outbox", "size", "1MiB", "What may wait for a client that reads slowly; beyond it the client is closed (4001).",
     [](Reading& r, const Node& n, Limits& l) { r.size(n, l.outbox); }},
    {"idle", "duration", "60s", "Silence after which a client counts as dead (4002); it is pinged at half of it.",
     [](Reading& r, const Node& n, Limits& l) {
       if (r.duration(n, l.idle) && l.idle < Millis{100}) r.fault(n, "is under 100ms; write at least 100ms");
     }},
    {"handshake", "duration", "10s", "From accept to the end of the upgrade; what takes longer is cut.",
     [](Reading& r, const Node& n, Limits& l) { r.duration(n, l.handshake); }},
    {"connections", "number", "1000000", "Connections of this endpoint, over all workers; more get HTTP 503.",
     [](Reading& r, const Node& n, Limits& l) { r.number(n, l.connections, 1, 2'000'000'000); }},
    {"channels", "number", "128", "Channels that one connection may subscribe to.",
     [](Reading& r, const Node& n, Limits& l) { r.number(n, l.channels, 1, 1'000'000); }},
};

const Key<Endpoint> kEndpoint[] = {
    {"path", "text", "required", "The URL path: exact for WebSocket, a prefix for `static`.",
     [](Reading& r, const Node& n, Endpoint& e) {
       if (r.text(n, e.path) && !e.path.starts_with('/')) r.fault(n, fmt::format("is \"{0}\"; write /{0}", e.path));
     }},
    {"auth", "list of modules", "[]", "Asked in order; the first that answers yes or no decides; all passing refuses. An "
     "entry is a name or `{module: NAME, on_error: pass, deadline: 5s, canary: {module: NAME, percent: 5, shadow: true}, "
     "…its own settings}`.", read_auth},
    {"router", "module", "required", "What a message means and where it goes; exactly one.",
     [](Reading& r, const Node& n, Endpoint& e) { r.module_use(n, e.router, false); }},
    {"guards", "list of modules", "[]", "Asked about each subscription: all must agree, and one at least must allow. Entries as "
     "in `auth`. Where there are none, the router decides alone.",
     [](Reading& r, const Node& n, Endpoint& e) { read_modules_list(r, n, true, e.guards); }},
    {"static", "folder", "", "Serves the files of this folder instead of WebSocket.",
     [](Reading& r, const Node& n, Endpoint& e) { r.existing_path(n, e.static_folder); }},
    {"options", "map", "{}", "What scripts read by `mix.server.option(name)`.",
     [](Reading& r, const Node& n, Endpoint& e) {
       if (!n.IsMap()) return r.fault(n, fmt::format("is {}; must be a map", kind_of(n)));
       Places places;
       e.options = to_json(n, r.key, places, r.faults);
     }},
    {"login", "message or handshake", "message", "When the auth modules are asked: when the router says so, or before the "
     "connection is handed to it, with `Authorization: Bearer …` or `?token=…`.",
     [](Reading& r, const Node& n, Endpoint& e) {
       choose<Login>(r, n, {{"message", Login::message}, {"handshake", Login::handshake}}, e.login);
     }},
    {"origins", "list of texts", "[]", "Accepted `Origin` headers; empty: any.",
     [](Reading& r, const Node& n, Endpoint& e) { r.texts(n, e.origins); }},
    {"headers", "list of texts", "[]", "Names of request headers, in lower case, to keep for modules besides the usual ones.",
     [](Reading& r, const Node& n, Endpoint& e) {
       r.texts(n, e.headers);
       for (const std::string& name : e.headers)
         if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string::npos)
           r.fault(n, fmt::format("\"{}\" is no header name in lower case", name));
     }},
    {"limits", "map", "", "See below.",
     [](Reading& r, const Node& n, Endpoint& e) { read_section<Limits>(r, n, kLimits, e.limits); }},
};

const Key<Tls> kTls[] = {
    {"certificate", "file", "required", "PEM: the certificate and its chain.",
     [](Reading& r, const Node& n, Tls& t) { r.existing_path(n, t.certificate); }},
    {"key", "file", "required", "PEM: its private key.",
     [](Reading& r, const Node& n, Tls& t) { r.existing_path(n, t.key); }},
    {"client_ca", "file", "", "PEM: clients may show a certificate of this authority.",
     [](Reading& r, const Node& n, Tls& t) { r.existing_path(n, t.client_ca); }},
};

void read_endpoint(Reading& r, const Node& node, Listener& listener) {
  Endpoint endpoint;
  endpoint.place = place_of(node);
  read_section<Endpoint>(r, node, kEndpoint, endpoint);
  if (!node.IsMap()) return;
  if (!node["path"]) r.fault(node, "has no `path`; write path: /…");
  const bool is_static = static_cast<bool>(node["static"]);
  if (is_static && (node["router"] || node["auth"] || node["guards"]))
    r.fault(node, "has `static` and `router`, `auth` or `guards`; write two endpoints");
  if (!is_static && !node["router"]) r.fault(node, "has no `router`; write router: lua (or static: FOLDER)");
  for (const Endpoint& other : listener.endpoints)
    if (other.path == endpoint.path) r.fault(node, fmt::format("path {} is taken by another endpoint of this listener", other.path));
  listener.endpoints.push_back(std::move(endpoint));
}

const Key<Listener> kListener[] = {
    {"bind", "host:port", "required", "Where clients connect.",
     [](Reading& r, const Node& n, Listener& l) { r.bind(n, l.bind); }},
    {"protocol", "websocket", "websocket", "`socket` (raw TCP) is not served by this version.",
     [](Reading& r, const Node& n, Listener&) {
       std::string value;
       if (r.text(n, value) && value != "websocket")
         r.fault(n, fmt::format("is \"{}\", which this version does not serve; write websocket", value));
     }},
    {"tls", "map", "", "`{certificate: FILE, key: FILE, client_ca: FILE}`",
     [](Reading& r, const Node& n, Listener& l) {
       read_section<Tls>(r, n, kTls, l.tls);
       if (n.IsMap() && (!n["certificate"] || !n["key"])) r.fault(n, "needs both `certificate` and `key`");
     }},
    {"endpoints", "list", "required", "See below.",
     [](Reading& r, const Node& n, Listener& l) {
       if (!n.IsSequence()) return r.fault(n, fmt::format("is {}; must be a list", kind_of(n)));
       for (const Node& item : n) read_endpoint(r, item, l);
     }},
};

void read_listeners(Reading& r, const Node& node, Config& config) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list", kind_of(node)));
  for (const Node& item : node) {
    Listener listener;
    listener.place = place_of(item);
    read_section<Listener>(r, item, kListener, listener);
    if (item.IsMap() && !item["bind"]) r.fault(item, "has no `bind`; write bind: 0.0.0.0:6790");
    if (item.IsMap() && listener.endpoints.empty()) r.fault(item, "has no endpoint; write endpoints: [{path: /…, router: …}]");
    config.listeners.push_back(std::move(listener));
  }
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
    {"password", "text", "required", "Plain, or a crypt(3) hash (`$2b$…`, `$y$…`).",
     [](Reading& r, const Node& n, AccessUser& u) { r.text(n, u.password); }},
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
     [](Reading& r, const Node& n, Config& c) { read_modules_list(r, n, false, c.api_routes); }},
    {"body", "size", "1MiB", "Largest request body.", [](Reading& r, const Node& n, Config& c) { r.size(n, c.api_body); }},
    {"timeout", "duration", "30s", "For one whole request to arrive.",
     [](Reading& r, const Node& n, Config& c) { r.duration(n, c.api_timeout); }},
};

const Key<Config> kDirectory[] = {
    {"bind", "host:port", "127.0.0.1:6787", "Where /v1/nodes and /version are served besides.",
     [](Reading& r, const Node& n, Config& c) { r.bind(n, c.node_directory); }},
};

const Key<Config> kMesh[] = {
    {"engine", "local", "local", "One node alone; `nats` is not served by this version.",
     [](Reading& r, const Node& n, Config& c) {
       if (r.text(n, c.mesh_engine) && c.mesh_engine != "local")
         r.fault(n, fmt::format("is \"{}\", which this version does not serve; write local", c.mesh_engine));
     }},
    {"deadline", "duration", "500ms", "For the workers' tallies of a publish; who has not reported counts as failed.",
     [](Reading& r, const Node& n, Config& c) { r.duration(n, c.mesh_deadline); }},
};

const Key<Config> kQueue[] = {
    {"topics", "number", "100", "Accepted, not used by this version.",
     [](Reading& r, const Node& n, Config&) { std::uint32_t v; r.number(n, v, 1, 1'000'000); }},
    {"size", "number", "2000", "Accepted, not used by this version.",
     [](Reading& r, const Node& n, Config&) { std::uint32_t v; r.number(n, v, 1, 100'000'000); }},
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
    {"mesh", "map", "", "", section<kMesh>},
    {"queue", "map", "", "", section<kQueue>},
    {"redis", "list", "[]", "Must be empty in this version.",
     [](Reading& r, const Node& n, Config&) {
       if (!n.IsSequence() || n.size() > 0) r.fault(n, "Redis is not served by this version; write redis: []");
     }},
    {"filters", "list of modules", "[]", "Shown each publish once, before it is handed to anybody: they let it pass, change it or drop "
     "it. An entry is a name or `{module: NAME, on_error: pass, …its own settings}`.",
     [](Reading& r, const Node& n, Config& c) { read_modules_list(r, n, true, c.filters); }},
    {"log", "map", "", "", section<kLog>},
    {"shutdown", "duration", "10s", "How long SIGTERM spreads the closing of connections (1001).",
     [](Reading& r, const Node& n, Config& c) { r.duration(n, c.shutdown); }},
};

template <class Target>
std::string rows(const char* prefix, std::span<const Key<Target>> keys) {
  std::string out;
  for (const auto& key : keys)
    if (*key.doc)
      out += fmt::format("| `{}{}` | {} | {} | {} |\n", prefix, key.name, key.kind,
                         *key.fallback ? fmt::format("`{}`", key.fallback) : "", key.doc);
  return out;
}

template <class Target>
const char* fallback_in(const char* prefix, std::span<const Key<Target>> keys, const std::string& wanted) {
  for (const auto& key : keys)
    if (prefix + std::string(key.name) == wanted) return key.fallback;
  return "";
}

}  // namespace

std::string fallback_of(const std::string& key) {
  const std::string found[] = {
      fallback_in<Config>("node.", kNode, key),          fallback_in<Listener>("listeners[].", kListener, key),
      fallback_in<Config>("", kRoot, key),               fallback_in<Config>("api.", kApi, key),
      fallback_in<Config>("directory.", kDirectory, key), fallback_in<Config>("mesh.", kMesh, key),
      fallback_in<Config>("queue.", kQueue, key)};
  for (const std::string& fallback : found)
    if (!fallback.empty()) return fallback;
  return "";
}

template <class Target>
void read_section(Reading& reading, const YAML::Node& node, std::span<const Key<Target>> keys, Target& target) {
  if (node.IsNull()) return;
  if (!node.IsMap()) return reading.fault(node, fmt::format("is {}; must be a map", kind_of(node)));
  const std::string outer = reading.key;
  std::vector<std::string> seen;
  // In the order of the rows, so that `modules` is known before the endpoints that name them.
  for (const auto& key : keys)
    for (const auto& member : node) {
      if (!member.first.IsScalar() || member.first.Scalar() != key.name) continue;
      reading.key = outer.empty() ? key.name : outer + "." + key.name;
      if (std::find(seen.begin(), seen.end(), key.name) != seen.end()) reading.fault(member.first, "is given twice");
      seen.emplace_back(key.name);
      key.read(reading, member.second, target);
    }
  reading.key = outer;
  for (const auto& member : node) {
    const std::string name = member.first.IsScalar() ? member.first.Scalar() : "(not a text)";
    const std::vector<std::string> known = names_of(keys);
    if (std::find(known.begin(), known.end(), name) == known.end())
      reading.fault(member.first, unknown_key(name, known));
  }
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
  return head + rows<Config>("node.", kNode) + rows<Config>("plugins.", kPlugins) + rows<Listener>("listeners[].", kListener) +
         rows<Tls>("listeners[].tls.", kTls) + rows<Endpoint>("listeners[].endpoints[].", kEndpoint) +
         rows<Limits>("listeners[].endpoints[].limits.", kLimits) + rows<Config>("", kRoot) + rows<Config>("api.", kApi) +
         rows<AccessUser>("api.access[].", kAccess) + rows<Config>("directory.", kDirectory) +
         rows<Config>("mesh.", kMesh) + rows<Config>("queue.", kQueue) + rows<Config>("log.", kLog);
}

}  // namespace dunlin
