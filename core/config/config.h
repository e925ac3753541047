// SPDX-License-Identifier: Apache-2.0
// The configuration as the server uses it: plain structs that hold the defaults. docs/configuration.md says what each
// key means; keys.cpp, listener_keys.cpp and mesh_keys.cpp tie the keys of the YAML file to these members.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/redis_types.h"

namespace dunlin {

// A place in the YAML file, both from 1; 0: unknown.
struct Place {
  int line = 0;
  int column = 0;
};

// Where each value of a settings object stands: by JSON Pointer ("" is the object itself).
using Places = std::map<std::string, Place>;

struct Canary;

// One module as something selects it, with the settings that hold there.
struct ModuleUse {
  std::string module;
  std::string settings = "{}";  // a JSON object; durations and sizes as the user wrote them
  std::shared_ptr<const Places> places = std::make_shared<Places>();
  Place place;                  // of the selection
  bool on_error_pass = false;   // auth, guards and filters: a fault counts as PASS
  Millis deadline{5000};        // for each answer
  bool isolated = false;        // auth only: in processes of its own
  std::shared_ptr<const Canary> canary;  // auth only; may be nullptr
};

// A module on trial beside another: a share of the new connections is its own, or (shadow) is asked of both.
struct Canary {
  ModuleUse use;
  std::uint32_t percent = 0;  // 1 to 100
  bool shadow = false;        // only the other one's answer counts
};

// Defaults are on: nothing is unlimited.
struct Limits {
  std::uint64_t message = 64 * 1024;        // bytes of one whole message from a client
  std::uint64_t buffer = 0;                 // raw TCP: bytes that may wait for a packet to be found; 0: as `message`
  std::uint64_t outbox = 1024 * 1024;       // bytes that may wait for a client that reads slowly
  Millis idle{60'000};                      // silence after which a peer counts as dead; pinged at half of it
  Millis handshake{10'000};                 // from accept to the end of the upgrade
  std::uint32_t connections = 1'000'000;    // of this endpoint, over all workers
  std::uint32_t channels = 1024;            // one connection may subscribe to
};

// What is compressed for clients that agree to it (permessage-deflate, RFC 7692).
struct Compression {
  bool on = false;
  std::uint64_t threshold = 512;   // bytes of a message from which on it is compressed
  std::uint32_t window_bits = 15;  // of the largest window that is agreed to

  // The size from which on a message is compressed, off or on: connections outlive the setting.
  std::size_t from() const { return on ? static_cast<std::size_t>(threshold) : ~std::size_t{0}; }
};

enum class Login { message, handshake };  // when an endpoint asks its auth chain

enum class Protocol { websocket, socket };  // socket: raw TCP, whose packets the router finds

struct Endpoint {
  std::string path;  // empty: the one endpoint of a raw TCP listener
  Protocol protocol = Protocol::websocket;
  std::vector<ModuleUse> auth;
  ModuleUse router;
  std::vector<ModuleUse> guards;  // asked about each subscription
  std::string options = "{}";  // a JSON object: what mix.server.option() reads
  Limits limits;
  Compression compression;
  Login login = Login::message;
  std::vector<std::string> origins;  // accepted Origin headers; empty: any
  std::vector<std::string> headers;  // request headers kept for modules besides the usual ones
  std::string static_folder;         // not empty: serves files, no sessions; absolute
  Place place;
};

struct Tls {
  std::string certificate, key;  // PEM files, absolute; empty: no TLS
  std::string client_ca;         // not empty: clients may show a certificate of it
};

struct Bind {
  std::string host;
  std::uint16_t port = 0;  // 0: any free one; the log says which
};

struct Listener {
  Bind bind;
  Tls tls;
  std::vector<Endpoint> endpoints;  // at least one; all of one protocol
  Place place;
  Protocol protocol() const { return endpoints.front().protocol; }
};

struct AccessUser {
  std::string username, password;  // the password plain, or a crypt(3) hash ("$2b$…", "$y$…")
  bool read = false, write = false;
  std::string host = "*";  // of the caller's address; * matches any run of characters
};

// A value of the file that is read once, when the server starts.
struct FixedValue {
  std::string text;      // as written
  std::string fallback;  // what holds where it is not written
  Place place;
};

// How to reach the cluster's engine.
struct NatsSettings {
  std::vector<std::string> urls{"nats://127.0.0.1:4222"};
  std::string prefix = "dunlin";  // of every subject: clusters of different prefixes do not see each other
  std::string credentials;        // file of a JWT and its key; empty: what the URL says
  bool tls = false;               // insisted on
  std::string ca, certificate, key;
  Millis timeout{10'000};         // for a start to reach it
};

struct Config {
  std::string file;       // as given
  std::string directory;  // its folder, absolute, no slash at the end: relative paths start there

  unsigned workers = 0;  // after `auto` is resolved: at least 1
  std::string node_name;
  std::uint32_t files = 65'536;  // open ones; each connection is one
  std::string plugin_directory = "plugins";  // absolute after loading
  bool watch = false;                        // for changes of the file and of the modules' files
  Millis handover{10'000};                   // for what is pending with modules that are replaced
  std::vector<Listener> listeners;
  std::vector<ModuleUse> filters;  // shown each publish
  std::map<std::string, ModuleUse> modules;

  Bind api{"127.0.0.1", 6789};
  std::vector<AccessUser> access;
  std::vector<ModuleUse> api_routes;     // modules that serve HTTP paths of their own
  std::uint64_t api_body = 1024 * 1024;  // bytes of one request
  Millis api_timeout{30'000};            // for one whole request to arrive, and for an answer to be taken
  std::uint64_t api_outbox = 1024 * 1024;  // bytes that may wait for a WebSocket API connection that reads slowly
  Bind node_directory{"127.0.0.1", 6787};

  std::vector<RedisServer> redis;
  std::uint32_t queue_topics = 100;                // of the node
  std::uint32_t queue_size = 2000;                 // messages of one topic, those under way to consumers included
  std::uint64_t queue_bytes = 64 * 1024 * 1024;    // of one topic's messages
  Millis queue_ack{30'000};                        // for an acknowledgement; then the message goes to another consumer
  bool queue_durable = false;                      // kept by JetStream; needs the engine nats
  Millis queue_deadline{10'000};                   // for JetStream, to take a push or an acknowledgement
  std::uint32_t queue_replicas = 0;                // of the stream, then; 0: as NATS has servers for them

  std::string mesh_engine = "local";  // local or nats; empty: a module's …
  ModuleUse mesh_module;              // … which is this
  Millis mesh_deadline{500};  // for the tallies of a publish
  NatsSettings nats;          // used when the engine is nats
  Level log_level = Level::info;
  LogFormat log_format = LogFormat::text;
  Millis shutdown{10'000};

  std::map<std::string, FixedValue> fixed;  // by "listeners[0].bind"; see changes.h
};

}  // namespace dunlin
