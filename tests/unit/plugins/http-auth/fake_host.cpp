// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plugins/http-auth/fake_host.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dunlin::http_auth {
namespace {

FakeHost& of(const dunlin_host* host) { return *const_cast<FakeHost*>(static_cast<const FakeHost*>(host)); }
std::string text(dunlin_str str) { return str.size == 0 ? std::string() : std::string(str.data, str.size); }
dunlin_str str(const std::string& from) { return {from.data(), from.size()}; }

void log_write(const dunlin_host* host, uint32_t, dunlin_conn, dunlin_str line) noexcept {
  of(host).log.push_back(text(line));
}
int32_t log_enabled(const dunlin_host*, uint32_t) noexcept { return 1; }
constexpr dunlin_log kLog = {log_write, log_enabled};

void config_fault(const dunlin_host* host, dunlin_str pointer, dunlin_str what) noexcept {
  of(host).faults.emplace_back(text(pointer), text(what));
}
dunlin_str config_directory(const dunlin_host* host) noexcept { return str(of(host).directory); }
constexpr dunlin_config kConfig = {config_fault, config_directory};

dunlin_status ticket_answer(const dunlin_host* host, dunlin_ticket ticket, dunlin_verdict verdict,
                            const dunlin_answer* answer) noexcept {
  if (of(host).answers.contains(ticket)) return DUNLIN_E_GONE;
  FakeHost::Answer& out = of(host).answers[ticket];
  out.verdict = verdict;
  if (answer == nullptr) return DUNLIN_OK;
  out.reason = text(answer->reason);
  if (answer->identity == nullptr) return DUNLIN_OK;
  const dunlin_identity& identity = *answer->identity;
  out.uid = text(identity.uid.text);
  out.kind = identity.uid.kind;
  out.expires_at_ms = identity.expires_at_ms;
  for (size_t i = 0; i < identity.context_count; ++i)
    out.context[text(identity.context[i].name)] = text(identity.context[i].value);
  for (size_t i = 0; i < identity.channel_count; ++i) out.channels.push_back(text(identity.channels[i]));
  return DUNLIN_OK;
}
constexpr dunlin_ticket_api kTicket = {ticket_answer};

dunlin_status http_request(const dunlin_host* host, const dunlin_http_request* request, dunlin_http_fn fn, void* user,
                           uint64_t* id) noexcept {
  FakeHost& fake = of(host);
  if (fake.request_status != DUNLIN_OK) return fake.request_status;
  FakeHost::Sent sent{text(request->method), text(request->url), text(request->body), text(request->ca_file), {},
                      request->timeout_ms, request->max_body, request->flags, request->max_connections, fn, user, true};
  for (size_t i = 0; i < request->header_count; ++i)
    sent.headers[text(request->headers[i].name)] = text(request->headers[i].value);
  fake.sent.push_back(std::move(sent));
  *id = fake.sent.size();
  return DUNLIN_OK;
}
dunlin_status http_cancel(const dunlin_host* host, uint64_t id) noexcept {
  EXPECT_TRUE(of(host).sent.at(id - 1).open) << "a request is cancelled that is over";
  of(host).sent.at(id - 1).open = false;
  return DUNLIN_OK;
}
constexpr dunlin_http kHttp = {http_request, http_cancel};

dunlin_status timer_start(const dunlin_host* host, uint64_t after_ms, uint64_t, dunlin_timer_fn fn, void* user,
                          uint64_t* id) noexcept {
  of(host).timers.push_back({after_ms, fn, user, true});
  *id = of(host).timers.size();
  return DUNLIN_OK;
}
dunlin_status timer_stop(const dunlin_host* host, uint64_t id) noexcept {
  EXPECT_TRUE(of(host).timers.at(id - 1).open) << "a timer is stopped that is over";
  of(host).timers.at(id - 1).open = false;
  return DUNLIN_OK;
}
constexpr dunlin_timer kTimer = {timer_start, timer_stop};

dunlin_status metrics_define(const dunlin_host* host, uint32_t, dunlin_str name, dunlin_str, const dunlin_pair* labels,
                             size_t label_count, uint32_t* id) noexcept {
  FakeHost& fake = of(host);
  fake.figure_names.push_back(text(name));
  if (label_count > 0) fake.figure_names.back().append(" ").append(text(labels[0].value));
  *id = static_cast<uint32_t>(fake.figure_names.size() - 1);
  return DUNLIN_OK;
}
void metrics_add(const dunlin_host* host, uint32_t id, int64_t value) noexcept {
  of(host).metrics[of(host).figure_names.at(id)] += value;
}
void metrics_set(const dunlin_host* host, uint32_t id, int64_t value) noexcept {
  of(host).metrics[of(host).figure_names.at(id)] = value;
}
constexpr dunlin_metrics kMetrics = {metrics_define, metrics_add, metrics_set};

template <class Map, class Key>
dunlin_status look_up(const Map& map, const Key& key, dunlin_str* out) {
  const auto found = map.find(key);
  if (found == map.end()) return DUNLIN_E_NOT_FOUND;
  *out = str(found->second);
  return DUNLIN_OK;
}
dunlin_status conn_info(const dunlin_host* host, dunlin_conn, uint32_t what, dunlin_str* out) noexcept {
  return look_up(of(host).info, what, out);
}
dunlin_status conn_header(const dunlin_host* host, dunlin_conn, dunlin_str name, dunlin_str* out) noexcept {
  return look_up(of(host).handshake, std::string("header.").append(text(name)), out);
}
dunlin_status conn_query(const dunlin_host* host, dunlin_conn, dunlin_str name, dunlin_str* out) noexcept {
  return look_up(of(host).handshake, std::string("query.").append(text(name)), out);
}
dunlin_status conn_cookie(const dunlin_host* host, dunlin_conn, dunlin_str name, dunlin_str* out) noexcept {
  return look_up(of(host).handshake, std::string("cookie.").append(text(name)), out);
}
constexpr dunlin_conn_api kConn = {conn_info, conn_header, nullptr, conn_query, conn_cookie,
                                   nullptr,   nullptr,     nullptr, nullptr,    nullptr};

const void* extension(const dunlin_host*, const char* id) noexcept {
  const std::pair<std::string_view, const void*> tables[] = {
      {DUNLIN_EXT_LOG, &kLog},     {DUNLIN_EXT_CONFIG, &kConfig},   {DUNLIN_EXT_TICKET, &kTicket},
      {DUNLIN_EXT_HTTP, &kHttp},   {DUNLIN_EXT_TIMER, &kTimer},     {DUNLIN_EXT_METRICS, &kMetrics},
      {DUNLIN_EXT_CONN, &kConn}};
  for (const auto& [name, table] : tables)
    if (name == id) return table;
  return nullptr;
}

void respond(FakeHost::Sent& sent, const dunlin_http_response& response) {
  ASSERT_TRUE(sent.open) << "an answer to a request that is over";
  sent.open = false;
  const auto fn = sent.fn;
  void* user = sent.user;
  fn(user, &response);
}

}  // namespace

FakeHost::FakeHost() : dunlin_host{"fake", "1.0", extension} {}

void FakeHost::reply(std::size_t index, int code, const std::string& body) {
  respond(sent.at(index), {{}, str(body), {}, nullptr, 0, DUNLIN_OK, code});
}

void FakeHost::fail(std::size_t index, dunlin_status status, const std::string& error) {
  respond(sent.at(index), {str(error), {}, {}, nullptr, 0, status, 0});
}

void FakeHost::fire(std::size_t timer) {
  Timer& found = timers.at(timer);
  ASSERT_TRUE(found.open) << "a timer fires that is over";
  found.open = false;
  found.fn(found.user);
}

std::size_t FakeHost::open_requests() const {
  return static_cast<std::size_t>(std::count_if(sent.begin(), sent.end(), [](const Sent& s) { return s.open; }));
}

}  // namespace dunlin::http_auth
