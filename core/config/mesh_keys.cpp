// SPDX-License-Identifier: Apache-2.0
// The keys of what lies between the nodes and behind them: `mesh`, `queue`, `redis`.
#include "core/config/redis_url.h"
#include "core/config/sections.h"

namespace dunlin {
namespace {

using Node = YAML::Node;

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
       else if (r.module_use(n, c.mesh_module, false) && r.inside(n, c.mesh_module)) c.mesh_engine.clear();
     }},
    {"deadline", "duration", "500ms", "For the tallies of a publish, from workers and nodes; who has not reported counts as failed. Twice as long for `conn.call` to another node.",
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
    {"deadline", "duration", "10s", "For JetStream to take a push to a durable topic, or an acknowledgement: until then it is tried again. 30 seconds at most.",
     [](Reading& r, const Node& n, Config& c) {
       if (r.duration(n, c.queue_deadline) && (c.queue_deadline < Millis{100} || c.queue_deadline > Millis{30'000}))
         r.fault(n, "is not between 100ms and 30s");
     }},
    {"replicas", "number", "0", "Copies of the durable topics, each on another server of one NATS cluster: with 3 any one of them may be lost. 0: 3 where NATS has the servers for them, otherwise 1.",
     [](Reading& r, const Node& n, Config& c) { r.number(n, c.queue_replicas, 0, 5); }},
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

}  // namespace

void read_mesh(Reading& r, const Node& node, Config& config) { read_section<Config>(r, node, kMesh, config); }
void read_queue(Reading& r, const Node& node, Config& config) { read_section<Config>(r, node, kQueue, config); }

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

std::string mesh_rows() {
  return rows<Config>("mesh.", kMesh) + rows<NatsSettings>("mesh.nats.", kNats) + rows<NatsTls>("mesh.nats.tls.", kNatsTls) +
         rows<Config>("queue.", kQueue) + rows<RedisServer>("redis[].", kRedis);
}

std::string mesh_fallback(const std::string& key) {
  const std::string found = fallback_in<Config>("mesh.", kMesh, key);
  return found.empty() ? fallback_in<Config>("queue.", kQueue, key) : found;
}

}  // namespace dunlin
