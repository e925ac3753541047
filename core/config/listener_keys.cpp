// SPDX-License-Identifier: Apache-2.0
// The keys of `listeners`: where clients connect, and what each endpoint asks of them.
#include "core/config/sections.h"

namespace dunlin {
namespace {

using Node = YAML::Node;

void read_router(Reading& r, const Node& node, Endpoint& endpoint) {
  if (r.module_use(node, endpoint.router, false)) r.inside(node, endpoint.router);
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
    {"channels", "number", "1024", "Channels that one connection may subscribe to.",
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
     [](Reading& r, const Node& n, Endpoint& e) { r.modules(n, true, e.guards); }},
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
     [](Reading& r, const Node& n, ListenerReading& l) { r.modules(n, true, l.socket.guards); }},
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

}  // namespace

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

std::string listener_rows() {
  return rows<ListenerReading>("listeners[].", kListener) + rows<Tls>("listeners[].tls.", kTls) +
         rows<Endpoint>("listeners[].endpoints[].", kEndpoint) +
         rows<Compression>("listeners[].endpoints[].compression.", kCompression) +
         rows<Limits>("listeners[].endpoints[].limits.", kLimits);
}

const char* listener_fallback(const std::string& key) { return fallback_in<ListenerReading>("listeners[].", kListener, key); }

}  // namespace dunlin
