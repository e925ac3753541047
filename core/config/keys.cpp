// SPDX-License-Identifier: Apache-2.0
#include "core/config/keys.h"

#include <crypt.h>
#include <sched.h>

#include <algorithm>

#include <fmt/format.h>

#include "core/config/loader.h"
#include "core/config/redis_url.h"

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

// What runs in the server itself, always.
bool inside(const Reading& r, const Node& node, const ModuleUse& use) {
  if (use.isolated) r.fault(node["isolation"], "isolation: is for auth modules only");
  return !use.isolated;
}

void read_modules_list(Reading& r, const Node& node, bool chain, std::vector<ModuleUse>& out) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list of modules", kind_of(node)));
  for (const Node& item : node)
    if (ModuleUse use; r.module_use(item, use, chain) && inside(r, item, use)) out.push_back(std::move(use));
}

void read_router(Reading& r, const Node& node, Endpoint& endpoint) {
  if (r.module_use(node, endpoint.router, false)) inside(r, node, endpoint.router);
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
    {"buffer", "size", "message", "Raw TCP: what may wait until it makes a packet, by default as much as `message`; beyond it"
     " the client is closed (1009).",
     [](Reading& r, const Node& n, Limits& l) { r.size(n, l.buffer); }},
    {"outbox", "size", "1MiB", "What may wait for a client that reads slowly; beyond it the client is closed (4001).",
     [](Reading& r, const Node& n, Limits& l) { r.size(n, l.outbox); }},
    {"idle", "duration", "60s", "Silence after which a client counts as dead (4002); it is pinged at half of it (raw TCP: never).",
     [](Reading& r, const Node& n, Limits& l) {
       if (r.duration(n, l.idle) && l.idle < Millis{100}) r.fault(n, "is under 100ms; write at least 100ms");
     }},
    {"handshake", "duration", "10s", "From accept to the end of the upgrade (raw TCP: of the TLS handshake); what takes longer is cut.",
     [](Reading& r, const Node& n, Limits& l) { r.duration(n, l.handshake); }},
    {"connections", "number", "1000000", "Connections of this endpoint, over all workers; more get HTTP 503 (raw TCP: are cut).",
     [](Reading& r, const Node& n, Limits& l) { r.number(n, l.connections, 1, 2'000'000'000); }},
    {"channels", "number", "128", "Channels that one connection may subscribe to.",
     [](Reading& r, const Node& n, Limits& l) { r.number(n, l.channels, 1, 1'000'000); }},
};

void read_options(Reading& r, const Node& node, Endpoint& endpoint) {
  if (!node.IsMap()) return r.fault(node, fmt::format("is {}; must be a map", kind_of(node)));
  Places places;
  endpoint.options = to_json(node, r.key, places, r.faults);
}

const Key<Compression> kCompression[] = {
    {"threshold", "size", "512", "Messages of this size and more are compressed.",
     [](Reading& r, const Node& n, Compression& c) { r.size(n, c.threshold); }},
    {"window_bits", "number", "15", "Of the largest LZ77 window that is agreed to, 9 to 15: a client needs 2^bits bytes to inflate.",
     [](Reading& r, const Node& n, Compression& c) { r.number(n, c.window_bits, 9, 15); }},
};

void read_compression(Reading& r, const Node& node, Compression& compression) {
  if (!node.IsMap()) return choose<bool>(r, node, {{"off", false}, {"on", true}}, compression.on);
  compression.on = true;
  read_section<Compression>(r, node, kCompression, compression);
}

const Key<Endpoint> kEndpoint[] = {
    {"path", "text", "required", "The URL path: exact for WebSocket, a prefix for `static`.",
     [](Reading& r, const Node& n, Endpoint& e) {
       if (r.text(n, e.path) && !e.path.starts_with('/')) r.fault(n, fmt::format("is \"{0}\"; write /{0}", e.path));
     }},
    {"auth", "list of modules", "[]", "Asked in order; the first that answers yes or no decides; all passing refuses. An "
     "entry is a name or `{module: NAME, on_error: pass, deadline: 5s, isolation: process, canary: {module: NAME, percent: 5, shadow: true}, "
     "…its own settings}`.", read_auth},
    {"router", "module", "required", "What a message means and where it goes; exactly one.",
     read_router},
    {"guards", "list of modules", "[]", "Asked about each subscription: all must agree, and one at least must allow. Entries as "
     "in `auth`. Where there are none, the router decides alone.",
     [](Reading& r, const Node& n, Endpoint& e) { read_modules_list(r, n, true, e.guards); }},
    {"static", "folder", "", "Serves the files of this folder instead of WebSocket.",
     [](Reading& r, const Node& n, Endpoint& e) { r.existing_path(n, e.static_folder); }},
    {"options", "map", "{}", "What scripts read by `mix.server.option(name)`.",
     read_options},
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
    {"compression", "off, on or map", "off", "permessage-deflate for clients that offer it ([protocol.md](protocol.md#compression)); a map "
     "means on, with the keys below.",
     [](Reading& r, const Node& n, Endpoint& e) { read_compression(r, n, e.compression); }},
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

// A listener while it is read: what a raw TCP one says of its only endpoint stands beside `bind`.
struct ListenerReading {
  Listener listener;
  Endpoint socket;
};

const Key<ListenerReading> kListener[] = {
    {"bind", "host:port", "required", "Where clients connect.",
     [](Reading& r, const Node& n, ListenerReading& l) { r.bind(n, l.listener.bind); }},
    {"protocol", "websocket or socket", "websocket", "`socket`: raw TCP, whose packets the router finds ([raw-tcp.md](raw-tcp.md)).",
     [](Reading& r, const Node& n, ListenerReading& l) {
       choose<Protocol>(r, n, {{"websocket", Protocol::websocket}, {"socket", Protocol::socket}}, l.socket.protocol);
     }},
    {"tls", "map", "", "`{certificate: FILE, key: FILE, client_ca: FILE}`",
     [](Reading& r, const Node& n, ListenerReading& l) {
       read_section<Tls>(r, n, kTls, l.listener.tls);
       if (n.IsMap() && (!n["certificate"] || !n["key"])) r.fault(n, "needs both `certificate` and `key`");
     }},
    {"endpoints", "list", "required", "See below. None on a raw TCP listener, which has the five keys that follow instead.",
     [](Reading& r, const Node& n, ListenerReading& l) {
       if (!n.IsSequence()) return r.fault(n, fmt::format("is {}; must be a list", kind_of(n)));
       for (const Node& item : n) read_endpoint(r, item, l.listener);
     }},
    {"auth", "list of modules", "[]", "Raw TCP: as of an endpoint.",
     [](Reading& r, const Node& n, ListenerReading& l) { read_auth(r, n, l.socket); }},
    {"router", "module", "required", "Raw TCP: as of an endpoint. It must be able to find packets, as `lua` is.",
     [](Reading& r, const Node& n, ListenerReading& l) { read_router(r, n, l.socket); }},
    {"guards", "list of modules", "[]", "Raw TCP: as of an endpoint.",
     [](Reading& r, const Node& n, ListenerReading& l) { read_modules_list(r, n, true, l.socket.guards); }},
    {"options", "map", "{}", "Raw TCP: as of an endpoint.",
     [](Reading& r, const Node& n, ListenerReading& l) { read_options(r, n, l.socket); }},
    {"limits", "map", "", "Raw TCP: as of an endpoint; `message` is the longest packet.",
     [](Reading& r, const Node& n, ListenerReading& l) { read_section<Limits>(r, n, kLimits, l.socket.limits); }},
};

void finish_socket(Reading& r, const Node& node, ListenerReading& read) {
  if (node["endpoints"])
    r.fault(node["endpoints"], "a listener with `protocol: socket` has no endpoints; write `router` beside `bind`");
  if (!node["router"]) r.fault(node, "has `protocol: socket` and no `router`; write router: {module: lua, entry: FILE}");
  const Limits& limits = read.socket.limits;
  if (limits.buffer != 0 && limits.buffer < limits.message)
    r.fault(node["limits"], fmt::format("buffer: is {} bytes, less than `message` ({}): no such packet could arrive; raise it",
                                        limits.buffer, limits.message));
  read.socket.place = read.listener.place;
  read.listener.endpoints = {std::move(read.socket)};
}

void finish_websocket(Reading& r, const Node& node, const Listener& listener) {
  for (const char* key : {"auth", "router", "guards", "options", "limits"})
    if (node[key]) r.fault(node[key], fmt::format("`{}` stands in an endpoint, or beside `protocol: socket`; move it there", key));
  if (listener.endpoints.empty()) r.fault(node, "has no endpoint; write endpoints: [{path: /…, router: …}]");
}

void read_listeners(Reading& r, const Node& node, Config& config) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list", kind_of(node)));
  for (const Node& item : node) {
    ListenerReading read;
    read.listener.place = place_of(item);
    read_section<ListenerReading>(r, item, kListener, read);
    if (!item.IsMap()) continue;
    if (!item["bind"]) r.fault(item, "has no `bind`; write bind: 0.0.0.0:6790");
    if (read.socket.protocol == Protocol::socket) finish_socket(r, item, read);
    else finish_websocket(r, item, read.listener);
    config.listeners.push_back(std::move(read.listener));
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
     [](Reading& r, const Node& n, Config& c) { read_modules_list(r, n, false, c.api_routes); }},
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

void read_urls(Reading& r, const Node& node, std::vector<std::string>& urls) {
  if (node.IsScalar()) {
    std::string one;
    if (r.text(node, one)) urls = {one};
  } else {
    urls.clear();
    r.texts(node, urls);
  }
  if (urls.empty()) r.fault(node, "is empty; write nats://host:4222");
  for (const std::string& url : urls)  // not shown: it may hold a password
    if (!url.starts_with("nats://") && !url.starts_with("tls://")) r.fault(node, "has an entry that is no URL; write nats://host:4222");
}

struct NatsTls {
  bool on = true;
  std::string ca, certificate, key;
};

const Key<NatsTls> kNatsTls[] = {
    {"ca", "file", "", "PEM: whom to trust; empty: the system's.",
     [](Reading& r, const Node& n, NatsTls& t) { r.existing_path(n, t.ca); }},
    {"certificate", "file", "", "PEM: this node's own, where NATS asks for one.",
     [](Reading& r, const Node& n, NatsTls& t) { r.existing_path(n, t.certificate); }},
    {"key", "file", "", "PEM: its private key.", [](Reading& r, const Node& n, NatsTls& t) { r.existing_path(n, t.key); }},
};

const Key<NatsSettings> kNats[] = {
    {"url", "text or list of texts", "nats://127.0.0.1:4222", "Servers of one NATS cluster; the next is tried when one is lost. "
     "`nats://user:password@host:4222` logs in.",
     [](Reading& r, const Node& n, NatsSettings& s) { read_urls(r, n, s.urls); }},
    {"prefix", "text", "dunlin", "Of the subjects: nodes of one prefix are one cluster.",
     [](Reading& r, const Node& n, NatsSettings& s) {
       const char* letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
       if (r.text(n, s.prefix) && (s.prefix.empty() || s.prefix.find_first_not_of(letters) != std::string::npos))
         r.fault(n, "must be letters, digits, - and _");
     }},
    {"credentials", "file", "", "What `nsc` or `nk` made: a JWT and its key.",
     [](Reading& r, const Node& n, NatsSettings& s) { r.existing_path(n, s.credentials); }},
    {"tls", "map", "", "`{ca: FILE, certificate: FILE, key: FILE}`, all optional; `{}`: TLS with the system's authorities.",
     [](Reading& r, const Node& n, NatsSettings& s) {
       NatsTls tls;
       read_section<NatsTls>(r, n, kNatsTls, tls);
       if (tls.certificate.empty() != tls.key.empty()) r.fault(n, "needs both `certificate` and `key`, or neither");
       s.tls = true;
       s.ca = tls.ca, s.certificate = tls.certificate, s.key = tls.key;
     }},
    {"timeout", "duration", "10s", "For a start to reach NATS and claim a node number; then it fails.",
     [](Reading& r, const Node& n, NatsSettings& s) { r.duration(n, s.timeout); }},
};

const Key<Config> kMesh[] = {
    {"engine", "local, nats or a module", "local",
     "One node alone; or a node of a cluster on NATS, or on a module that is a mesh engine ([cluster.md](cluster.md)).",
     [](Reading& r, const Node& n, Config& c) {
       if (n.IsScalar() && (n.Scalar() == "local" || n.Scalar() == "nats")) c.mesh_engine = n.Scalar();
       else if (r.module_use(n, c.mesh_module, false)) c.mesh_engine = c.mesh_module.module;
     }},
    {"deadline", "duration", "500ms", "For the tallies of a publish, from workers and nodes; who has not reported counts as failed.",
     [](Reading& r, const Node& n, Config& c) { r.duration(n, c.mesh_deadline); }},
    {"nats", "map", "", "See below; used with `engine: nats`.",
     [](Reading& r, const Node& n, Config& c) { read_section<NatsSettings>(r, n, kNats, c.nats); }},
};

const Key<Config> kQueue[] = {
    {"topics", "number", "100", "Topics of the node that have a message or a consumer.",
     [](Reading& r, const Node& n, Config& c) { r.number(n, c.queue_topics, 1, 1'000'000); }},
    {"size", "number", "2000", "Messages that a topic holds; a push to a full one is refused.",
     [](Reading& r, const Node& n, Config& c) { r.number(n, c.queue_size, 1, 100'000'000); }},
    {"bytes", "size", "64MiB", "Bytes that a topic's messages may hold together.",
     [](Reading& r, const Node& n, Config& c) { r.size(n, c.queue_bytes); }},
    {"ack", "duration", "30s", "For the acknowledgement of a consumer that pops with `ack`; then the message goes to another.",
     [](Reading& r, const Node& n, Config& c) {
       if (r.duration(n, c.queue_ack) && c.queue_ack < Millis{100}) r.fault(n, "is under 100ms; write at least 100ms");
     }},
    {"durable", "true or false", "false", "With `mesh.engine: nats`: topics are kept by JetStream, and survive every node ([cluster.md](cluster.md)).",
     [](Reading& r, const Node& n, Config& c) { choose<bool>(r, n, {{"true", true}, {"false", false}}, c.queue_durable); }},
    {"replicas", "number", "1", "Copies of the durable topics, each on another server of one NATS cluster: with 3 any one of them may be lost.",
     [](Reading& r, const Node& n, Config& c) { r.number(n, c.queue_replicas, 1, 5); }},
};

const Key<RedisServer> kRedis[] = {
    {"name", "text", "required", "What `mix.redis.connection(name)` asks for; `mix.redis.push` takes the one called `default`, else the first.",
     [](Reading& r, const Node& n, RedisServer& s) { r.text(n, s.name); }},
    {"url", "text", "redis://127.0.0.1:6379/0", "`redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`; `rediss://` for TLS.",
     [](Reading& r, const Node& n, RedisServer& s) {
       std::string url;
       if (!r.text(n, url)) return;
       if (const Status parsed = parse_redis_url(url, s); !parsed) r.fault(n, parsed.error().why);
     }},
    {"ca", "file", "the system's", "PEM: the authorities that may sign the server's certificate.",
     [](Reading& r, const Node& n, RedisServer& s) { r.existing_path(n, s.ca); }},
    {"pool", "number", "20", "Connections of this node, shared out among its workers (one each at least); made when needed.",
     [](Reading& r, const Node& n, RedisServer& s) { r.number(n, s.pool, 1, 10'000); }},
    {"timeout", "duration", "5s", "For a command's reply, and for a connection to be made.",
     [](Reading& r, const Node& n, RedisServer& s) {
       if (r.duration(n, s.timeout) && s.timeout < Millis{10}) r.fault(n, "is under 10ms; write at least 10ms");
     }},
};

void read_redis(Reading& r, const Node& node, Config& config) {
  if (!node.IsSequence()) return r.fault(node, fmt::format("is {}; must be a list of servers", kind_of(node)));
  for (const Node& item : node) {
    RedisServer server;
    read_section<RedisServer>(r, item, kRedis, server);
    if (server.name.empty()) r.fault(item, "has no `name`; write {name: default, url: \"redis://127.0.0.1:6379/0\"}");
    for (const RedisServer& other : config.redis)
      if (other.name == server.name) r.fault(item, fmt::format("name \"{}\" is taken by another server", server.name));
    config.redis.push_back(std::move(server));
  }
}

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
    {"redis", "list", "[]", "Redis servers that scripts may use, by name ([lua-api.md](lua-api.md#redis)).", read_redis},
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
      fallback_in<Config>("node.", kNode, key),          fallback_in<ListenerReading>("listeners[].", kListener, key),
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
  return head + rows<Config>("node.", kNode) + rows<Config>("plugins.", kPlugins) + rows<ListenerReading>("listeners[].", kListener) +
         rows<Tls>("listeners[].tls.", kTls) + rows<Endpoint>("listeners[].endpoints[].", kEndpoint) +
         rows<Compression>("listeners[].endpoints[].compression.", kCompression) +
         rows<Limits>("listeners[].endpoints[].limits.", kLimits) + rows<Config>("", kRoot) + rows<Config>("api.", kApi) +
         rows<AccessUser>("api.access[].", kAccess) + rows<Config>("directory.", kDirectory) +
         rows<Config>("mesh.", kMesh) + rows<NatsSettings>("mesh.nats.", kNats) + rows<NatsTls>("mesh.nats.tls.", kNatsTls) +
         rows<Config>("queue.", kQueue) + rows<RedisServer>("redis[].", kRedis) + rows<Config>("log.", kLog);
}

}  // namespace dunlin
