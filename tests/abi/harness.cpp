// SPDX-License-Identifier: Apache-2.0
#include "tests/abi/harness.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "core/base/check.h"
#include "core/plugin/runtime.h"
#include "tests/abi/allocations.h"
#include "tests/abi/known_services.h"

using namespace dunlin;

namespace {

template <std::size_t N>
void put(char (&to)[N], const std::string& from) {
  std::snprintf(to, N, "%s", from.c_str());
}

login none() {
  login answer{};
  answer.outcome = PENDING;
  return answer;
}

login told(const LoginAnswer& from) {
  login to{};
  to.outcome = static_cast<int>(from.outcome);
  put(to.uid, from.identity.uid);
  put(to.module, from.module);
  put(to.reason, from.reason);
  to.uid_kind = from.identity.uid_kind;
  std::string context, channels;
  for (const auto& [key, json] : from.identity.context) context += key + "=" + json + ";";
  for (const std::string& channel : from.identity.channels) channels += channel + ";";
  put(to.context, context);
  put(to.channels, channels);
  to.expires_at_ms = from.identity.expires_at_ms;
  return to;
}

ModuleUse use_of(std::string name) {
  ModuleUse use;
  if (name.ends_with('!')) {
    use.on_error_pass = true;
    name.pop_back();
  }
  use.module = std::move(name);
  use.place = {4, 9};
  return use;
}

Config config_of(const std::string& chain, const std::string& router, const std::string& settings = "{}") {
  Config config;
  config.file = "dunlin.yaml";
  config.directory = "/etc/dunlin";
  config.plugin_directory = HARNESS_MODULES;
  Endpoint endpoint;
  const auto places = std::make_shared<Places>(
      Places{{"", {7, 3}}, {"/refuse", {8, 5}}, {"/list", {9, 5}}, {"/list/1", {9, 11}}, {"/count", {10, 12}}});
  const auto select = [&](const std::string& name) {
    ModuleUse use = use_of(name);
    use.settings = settings;
    use.places = places;
    return use;
  };
  std::istringstream names(chain);
  for (std::string name; std::getline(names, name, ',');) endpoint.auth.push_back(select(name));
  endpoint.router = select(router);
  if (router == "thrower" || router == "sugar" || router == "numbers" || router == "probe") endpoint.guards.push_back(select(router));
  if (router == "probe") endpoint.guards.push_back(select("passer"));
  if (router == "sugar" || router == "probe") {
    config.filters.push_back(select(router));
    config.api_routes.push_back(select(router));
  }
  config.listeners.emplace_back().endpoints.push_back(std::move(endpoint));
  return config;
}

}  // namespace

struct harness final : AnswerSink {
  harness(const char* chain, const char* router) : log_file(std::tmpfile()), log(fileno(log_file)) {
    log.configure(Level::debug, LogFormat::text);
    auto built = ModuleSet::build(config_of(chain, router), log);
    if (!built) std::fprintf(stderr, "%s\n", built.error().why.c_str());
    CHECK(built.has_value());
    set = std::move(*built);
    auto created = ModuleRuntime::create(set, services, *this, log, 3);
    CHECK(created.has_value());
    runtime = std::move(*created);
    services.subscribe_with = [this](ClientId id, std::string_view channel, Services::SubscribeDone done) {
      services.defer([this, id, name = std::string(channel), done = std::move(done)] {
        if (runtime) runtime->guard(modules(), id, name, done);  // it may have been stopped
      });
      return DUNLIN_OK;
    };
    services.authenticate = [this](ClientId id, std::string_view token, std::uint32_t source,
                                   Services::LoginDone done) {
      CHECK(!runtime->login(modules(), id, token, source));  // never at once from inside a hook
      done_of[id] = std::move(done);
      return DUNLIN_OK;
    };
  }
  ~harness() { std::fclose(log_file); }

  const ModuleSet::EndpointModules& modules() const { return set.endpoints[0][0]; }

  void login_answered(ClientId id, LoginAnswer answer) override {
    ++answers;
    logins[id] = told(answer);
    if (auto done = done_of.extract(id))
      done.mapped()(answer.outcome == LoginOutcome::allowed ? DUNLIN_ALLOW : DUNLIN_DENY,
                    answer.outcome == LoginOutcome::allowed ? DUNLIN_OK : DUNLIN_E_DENIED);
  }
  void router_answered(ClientId id, RouterOutcome outcome) override {
    ++answers;
    routed[id] = static_cast<int>(outcome);
  }
  template <class Reached>
  void turn_until(Reached reached) {
    services.turn();
    while (!reached()) {
      CHECK(services.wait_for_post());
      services.turn();
    }
  }

  std::FILE* log_file;
  Log log;
  KnownServices services;
  ModuleSet set;
  std::unique_ptr<ModuleRuntime> runtime, elsewhere;
  int guarded = WAITS, served = WAITS;
  std::string filtered, reply;
  std::unordered_map<ClientId, Services::LoginDone> done_of;
  std::unordered_map<ClientId, login> logins;
  std::unordered_map<ClientId, int> routed;
  int answers = 0;
  std::string text;  // what the last getter returned
};

harness* harness_open(const char* chain) { return new harness(chain, "probe"); }
harness* harness_open_with(const char* chain, const char* router) { return new harness(chain, router); }
void harness_stop(harness* self) {
  self->elsewhere.reset();
  self->runtime.reset();
}

void harness_close(harness* self) {
  self->elsewhere.reset();
  self->runtime.reset();
  delete self;
}

login harness_login(harness* self, uint64_t conn, const char* token) {
  const auto answer = self->runtime->login(self->modules(), ClientId(conn), token, DUNLIN_LOGIN_MESSAGE);
  return answer ? told(*answer) : none();
}

int harness_message(harness* self, uint64_t conn, const char* text) {
  const auto outcome = self->runtime->message(self->modules(), ClientId(conn), Kind::text, text);
  return outcome ? static_cast<int>(*outcome) : PENDING;
}

int harness_open_conn(harness* self, uint64_t conn) {
  const auto outcome = self->runtime->open(self->modules(), ClientId(conn));
  return outcome ? static_cast<int>(*outcome) : PENDING;
}

void harness_close_conn(harness* self, uint64_t conn, int code, const char* why) {
  self->runtime->close(self->modules(), ClientId(conn), code, why);
}

void harness_hand_over(harness* self, uint64_t conn) {
  self->runtime->hand_over(self->modules(), self->modules(), ClientId(conn));
}

// It logs in as somebody; before that it has nobody's uid.
void harness_know(harness* self, int logged_in) {
  KnownServices& services = self->services;
  services.infos = {{DUNLIN_CONN_REMOTE_ADDR, "192.0.2.7:51234"}, {DUNLIN_CONN_METHOD, "GET"},
                    {DUNLIN_CONN_URI, "/message-center?room=a%20b"}, {DUNLIN_CONN_PROTOCOL, "HTTP/1.1"},
                    {DUNLIN_CONN_HOST, "example.org"}, {DUNLIN_CONN_PATH, "/message-center"}, {DUNLIN_CONN_TLS_SUBJECT, "CN=ann"}};
  services.headers = {{"host", "example.org"}, {"x-a", "1"}, {"x-a", "2"}};
  services.certificate = "-----BEGIN CERTIFICATE-----";
  services.queries = {{"room", "a b"}};
  services.cookies = {{"session", "s3"}};
  services.options = {{"plan", R"({"name":"gold"})"}};
  if (!logged_in) return;
  services.uid = "1463786910324359168";
  services.uid_kind = DUNLIN_UID_NUMBER;
}

void harness_bytes_arrived(harness* self, size_t size) { self->services.unread = size; }

int64_t harness_input(harness* self, uint64_t conn, const char* unread) {
  const std::string bytes(unread);  // NUL-terminated
  return self->runtime->input(self->modules(), ClientId(conn), bytes);
}

const char* harness_encode(harness* self, uint64_t conn, const char* text) {
  const Encoded encoded = self->runtime->encode(self->modules(), ClientId(conn), *Message::make(Kind::text, text).operator->());
  self->text = encoded.outcome == Encoded::Outcome::each     ? "(each)"
               : encoded.outcome == Encoded::Outcome::failed ? "(failed)"
                                                             : std::string(encoded.bytes->payload());
  return self->text.c_str();
}

// [1, ["two", nil]]
void harness_answer_redis(harness* self) {
  using Value = RedisValue;
  Value one, two, inner, all;
  one.kind = Value::Kind::integer;
  one.integer = 1;
  two.kind = Value::Kind::string;
  two.text = "two";
  inner.kind = all.kind = Value::Kind::list;
  inner.items = {two, Value()};
  all.items = {one, inner};
  self->services.answer_redis({DUNLIN_OK, all});
}

void harness_fail_redis(harness* self) {
  RedisValue error;
  error.kind = RedisValue::Kind::error;
  error.text = "no connection";
  self->services.answer_redis({DUNLIN_E_UNAVAILABLE, error});
}

int harness_redis_commands(harness* self) { return static_cast<int>(self->services.commands()); }

void harness_cancel(harness* self, uint64_t conn) { self->runtime->cancel(ClientId(conn)); }

int harness_message_elsewhere(harness* self, uint64_t conn, const char* text) {
  if (!self->elsewhere) {
    auto neighbour = ModuleRuntime::create(self->set, self->services, *self, self->log, 4);
    CHECK(neighbour.has_value());
    self->elsewhere = std::move(*neighbour);
  }
  const auto outcome = self->elsewhere->message(self->modules(), ClientId(conn), Kind::text, text);
  return outcome ? static_cast<int>(*outcome) : PENDING;
}

int harness_guard(harness* self, uint64_t conn, const char* channel) {
  self->guarded = WAITS;
  self->runtime->guard(self->modules(), ClientId(conn), channel, [self](dunlin_status status) { self->guarded = status; });
  return self->guarded;
}

int harness_guard_answer(harness* self) { return self->guarded; }

int harness_filter(harness* self, const char* text) {
  Kind kind = Kind::text;
  self->filtered = text;
  const FilterOutcome outcome = self->runtime->filter("news", kind, self->filtered);
  if (kind == Kind::binary) self->filtered += " (binary)";
  return static_cast<int>(outcome);
}

const char* harness_filtered(harness* self) { return self->filtered.c_str(); }

int harness_serve(harness* self, int route, const char* body) {
  self->served = WAITS;
  self->reply.clear();
  const auto& rows = self->runtime->routes();
  const RouteCall call{.method = "POST", .path = "/probe", .query = "a=b", .body = body, .peer = "192.0.2.1:1",
                       .headers = {{"x-a", "1"}}};
  self->runtime->serve(rows.at(static_cast<std::size_t>(route)), call, [self](Reply reply) {
    self->served = reply.status;
    self->reply = std::to_string(reply.status) + " " + reply.type + " " + reply.body + " " + reply.headers;
  });
  return self->served;
}

const char* harness_reply(harness* self) { return self->reply.c_str(); }

void harness_stop_elsewhere(harness* self) { self->elsewhere.reset(); }

login harness_login_answer(harness* self, uint64_t conn) {
  const auto found = self->logins.find(ClientId(conn));
  return found == self->logins.end() ? none() : found->second;
}

int harness_router_answer(harness* self, uint64_t conn) {
  const auto found = self->routed.find(ClientId(conn));
  return found == self->routed.end() ? PENDING : found->second;
}

int harness_answers(harness* self) { return self->answers; }

void harness_turn(harness* self) {
  while (self->services.turn()) {
  }
}

void harness_wait_answers(harness* self, int count) {
  self->turn_until([&] { return self->answers >= count; });
}

void harness_wait_sent(harness* self, int count) {
  self->turn_until([&] { return self->services.sent.size() >= static_cast<std::size_t>(count); });
}

void harness_advance(harness* self, uint64_t ms) { self->services.advance(Millis{static_cast<Millis::rep>(ms)}); }
void harness_answer_http(harness* self, int code, const char* body) { self->services.answer_http(code, body); }
int harness_timers(harness* self) { return static_cast<int>(self->services.timers()); }
int harness_requests(harness* self) { return static_cast<int>(self->services.requests()); }

const char* harness_sent(harness* self) {
  self->text.clear();
  for (const std::string& sent : self->services.sent) self->text += sent + "|";
  return self->text.c_str();
}

int harness_sent_count(harness* self) { return static_cast<int>(self->services.sent.size()); }

double harness_metric(harness* self, const char* name, const char* label_value) {
  std::vector<Sample> samples;
  (self->runtime ? self->runtime : self->elsewhere)->collect(samples);
  double sum = -1;
  for (const Sample& sample : samples) {
    const auto carries = [&](const auto& label) { return label.second == label_value; };
    if (sample.name != name) continue;
    if (*label_value && std::none_of(sample.labels.begin(), sample.labels.end(), carries)) continue;
    const double value = sample.type == MetricType::histogram ? static_cast<double>(sample.count) : sample.value;
    sum = std::max(sum, 0.0) + value;
  }
  return sum;
}

const char* harness_log(harness* self) {
  self->text.clear();
  char part[4096];
  off_t at = 0;
  for (ssize_t n; (n = pread(fileno(self->log_file), part, sizeof part, at)) > 0; at += n)
    self->text.append(part, static_cast<std::size_t>(n));
  return self->text.c_str();
}

namespace {

template <class Ask>
int allocations_of(Ask ask) {
  ask();  // what is allocated once and kept
  const std::size_t before = allocations();
  ask();
  return static_cast<int>(allocations() - before);
}

}  // namespace

int harness_message_allocations(harness* self, const char* text) {
  return allocations_of([&] { CHECK(self->runtime->message(self->modules(), ClientId(1), Kind::text, text)); });
}

int harness_login_allocations(harness* self, const char* token) {
  return allocations_of(
      [&] { CHECK(self->runtime->login(self->modules(), ClientId(1), token, DUNLIN_LOGIN_MESSAGE)); });
}

const char* harness_faults(const char* auth, const char* router, const char* settings) {
  static std::string faults;
  Log log;
  const auto built = ModuleSet::build(config_of(auth, router, settings), log);
  faults = built ? "" : built.error().why;
  return faults.c_str();
}

const char* harness_create_error(const char* auth) {
  static std::string why;
  struct Deaf final : AnswerSink {
    void login_answered(ClientId, LoginAnswer) override {}
    void router_answered(ClientId, RouterOutcome) override {}
  } deaf;
  Log log;
  MemoryServices services;
  const auto built = ModuleSet::build(config_of(auth, "probe"), log);
  CHECK(built.has_value());
  const auto created = ModuleRuntime::create(*built, services, deaf, log, 0);
  why = created ? "" : created.error().why;
  return why.c_str();
}
