// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plugins/lua/fake_host.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dunlin::test {
namespace {

std::string copy(dunlin_str text) { return text.data ? std::string(text.data, text.size) : std::string(); }
dunlin_str lend(const std::string& text) { return {text.data(), text.size()}; }

std::string to_json(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

}  // namespace

struct FakeTables {
  static FakeHost& of(const dunlin_host* host) {
    return *static_cast<const FakeHost::Door*>(host)->owner;
  }
  static FakeConn* find(const dunlin_host* host, dunlin_conn conn) {
    auto& conns = of(host).conns;
    const auto found = conns.find(conn);
    return found == conns.end() ? nullptr : &found->second;
  }

  static void write(const dunlin_host* host, std::uint32_t level, dunlin_conn, dunlin_str text) noexcept {
    of(host).logs.emplace_back(level, copy(text));
  }
  static std::int32_t enabled(const dunlin_host*, std::uint32_t) noexcept { return 1; }
  static void fault(const dunlin_host* host, dunlin_str pointer, dunlin_str what) noexcept {
    of(host).faults[copy(pointer)] = copy(what);
  }
  static dunlin_str directory(const dunlin_host* host) noexcept { return lend(of(host).folder_); }

  static dunlin_status answer(const dunlin_host* host, dunlin_ticket ticket, dunlin_verdict verdict,
                              const dunlin_answer* given) noexcept {
    FakeAnswer out;
    out.verdict = verdict;
    if (given) out.reason = copy(given->reason);
    if (const dunlin_identity* who = given ? given->identity : nullptr) {
      out.uid = copy(who->uid.text);
      out.uid_kind = who->uid.kind;
      out.expires_at_ms = who->expires_at_ms;
      for (std::size_t i = 0; i < who->context_count; ++i) {
        out.context[copy(who->context[i].name)] = copy(who->context[i].value);
      }
      for (std::size_t i = 0; i < who->channel_count; ++i) out.channels.push_back(copy(who->channels[i]));
    }
    return of(host).answers.emplace(ticket, out).second ? DUNLIN_OK : DUNLIN_E_GONE;
  }

  static dunlin_status info(const dunlin_host* host, dunlin_conn conn, std::uint32_t what, dunlin_str* out) noexcept {
    const FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    switch (what) {
      case DUNLIN_CONN_REMOTE_ADDR: *out = {"192.0.2.7:51234", 15}; return DUNLIN_OK;
      case DUNLIN_CONN_METHOD: *out = {"GET", 3}; return DUNLIN_OK;
      case DUNLIN_CONN_URI: *out = lend(found->uri); return DUNLIN_OK;
      case DUNLIN_CONN_PROTOCOL: *out = {"HTTP/1.1", 8}; return DUNLIN_OK;
      default: return DUNLIN_E_NOT_FOUND;
    }
  }
  static dunlin_status header_at(const dunlin_host* host, dunlin_conn conn, std::size_t i, dunlin_pair* out) noexcept {
    const FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    if (i >= found->headers.size()) return DUNLIN_E_NOT_FOUND;
    *out = {lend(found->headers[i].first), lend(found->headers[i].second)};
    return DUNLIN_OK;
  }
  static dunlin_status no_text(const dunlin_host*, dunlin_conn, dunlin_str, dunlin_str*) noexcept {
    return DUNLIN_E_NOT_FOUND;
  }
  static dunlin_status option(const dunlin_host* host, dunlin_conn conn, dunlin_str name, dunlin_str* out) noexcept {
    const FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    const auto value = found->options.find(copy(name));
    if (value == found->options.end()) return DUNLIN_E_NOT_FOUND;
    *out = lend(value->second);
    return DUNLIN_OK;
  }
  static dunlin_status uid(const dunlin_host* host, dunlin_conn conn, dunlin_uid* out) noexcept {
    const FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    if (found->uid_kind == DUNLIN_UID_NONE) return DUNLIN_E_NOT_FOUND;
    *out = {lend(found->uid), found->uid_kind, 0};
    return DUNLIN_OK;
  }
  static dunlin_status authenticate(const dunlin_host* host, dunlin_conn conn, const dunlin_credentials* credentials,
                                    dunlin_login_fn fn, void* user) noexcept {
    FakeHost& fake = of(host);
    if (!find(host, conn)) return DUNLIN_E_GONE;
    const FakeLogin result = fake.login(copy(credentials->token));
    fake.due_.push_back([host, conn, fn, user, result] {
      FakeConn* who = find(host, conn);
      if (!who) return fn(user, conn, DUNLIN_DENY, DUNLIN_E_GONE);
      if (result.status != DUNLIN_OK) return fn(user, conn, DUNLIN_DENY, result.status);
      who->uid = result.uid;
      who->uid_kind = result.kind;
      fn(user, conn, DUNLIN_ALLOW, DUNLIN_OK);
    });
    return DUNLIN_OK;
  }
  static dunlin_status redis_find(const dunlin_host*, dunlin_str name) noexcept {
    return copy(name) == "default" || name.size == 0 ? DUNLIN_OK : DUNLIN_E_NOT_FOUND;
  }
  static dunlin_status redis_command(const dunlin_host* host, dunlin_str, const dunlin_str* argv, std::size_t argc,
                                     std::uint64_t, dunlin_redis_fn fn, void* user, std::uint64_t* id) noexcept {
    FakeHost& fake = of(host);
    std::vector<std::string> command;
    for (std::size_t i = 0; i < argc; ++i) command.push_back(copy(argv[i]));
    *id = ++fake.commands_;
    fake.awaited_.insert(*id);
    fake.due_.push_back([&fake, command, fn, user, number = *id] {
      if (fake.awaited_.erase(number) && fake.redis) fake.redis(command, fn, user);
    });
    return DUNLIN_OK;
  }
  static dunlin_status redis_cancel(const dunlin_host* host, std::uint64_t id) noexcept {
    return of(host).awaited_.erase(id) ? DUNLIN_OK : DUNLIN_E_GONE;
  }
  static dunlin_status unread(const dunlin_host* host, dunlin_conn conn, std::size_t* size) noexcept {
    const auto found = of(host).conns.find(conn);
    if (found == of(host).conns.end()) return DUNLIN_E_GONE;
    *size = 0;
    return found->second.socket ? DUNLIN_OK : DUNLIN_E_NOT_FOUND;
  }
  static dunlin_status clear(const dunlin_host* host, dunlin_conn conn) noexcept {
    std::size_t size = 0;
    const dunlin_status status = unread(host, conn, &size);
    if (status == DUNLIN_OK) of(host).conns[conn].cleared = true;
    return status;
  }
  static dunlin_status send(const dunlin_host* host, dunlin_conn conn, std::uint32_t kind, dunlin_str data) noexcept {
    FakeConn* found = find(host, conn);
    if (!found || found->closed != 0) return DUNLIN_E_GONE;
    found->sent.push_back(copy(data));
    found->sent_kinds.push_back(kind);
    return DUNLIN_OK;
  }
  static dunlin_status close(const dunlin_host* host, dunlin_conn conn, std::int32_t code, dunlin_str reason) noexcept {
    FakeConn* found = find(host, conn);
    if (!found || found->closed != 0) return DUNLIN_E_GONE;
    found->closed = code;
    found->close_reason = copy(reason);
    return DUNLIN_OK;
  }

  static dunlin_status get(const dunlin_host* host, dunlin_conn conn, dunlin_str key, dunlin_str* out) noexcept {
    const FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    const auto value = found->context.find(copy(key));
    if (value == found->context.end()) return DUNLIN_E_NOT_FOUND;
    *out = lend(value->second);
    return DUNLIN_OK;
  }
  static dunlin_status set(const dunlin_host* host, dunlin_conn conn, dunlin_str key, dunlin_str json) noexcept {
    if (!find(host, conn)) return DUNLIN_E_GONE;
    of(host).set_context(conn, copy(key), copy(json));
    return DUNLIN_OK;
  }
  static dunlin_status all(const dunlin_host* host, dunlin_conn conn, dunlin_str* out) noexcept {
    const FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    std::string& text = of(host).scratch_ = "{";
    for (const auto& [key, json] : found->context) text += (text.size() > 1 ? ",\"" : "\"") + key + "\":" + json;
    text += "}";
    *out = lend(text);
    return DUNLIN_OK;
  }
  static dunlin_status replace(const dunlin_host* host, dunlin_conn conn, dunlin_str json) noexcept {
    FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    rapidjson::Document document;
    document.Parse(json.data, json.size);
    if (!document.IsObject()) return DUNLIN_E_INVALID;
    found->context.clear();
    for (rapidjson::SizeType i = 0; i < document.MemberCount(); ++i) {
      const auto& member = *(document.MemberBegin() + static_cast<std::ptrdiff_t>(i));
      found->context[member.name.GetString()] = to_json(member.value);
    }
    return DUNLIN_OK;
  }
  static dunlin_status wait(const dunlin_host* host, dunlin_conn conn, dunlin_str key, std::uint64_t,
                            dunlin_context_fn fn, void* user) noexcept {
    if (!find(host, conn)) return DUNLIN_E_GONE;
    of(host).waiters_.push_back({conn, copy(key), fn, user});
    return DUNLIN_OK;
  }

  static dunlin_status subscribe(const dunlin_host* host, dunlin_conn conn, dunlin_str channel) noexcept {
    FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    if (of(host).subscribe_status != DUNLIN_OK) return of(host).subscribe_status;
    found->channels.insert(copy(channel));
    return DUNLIN_OK;
  }
  static dunlin_status unsubscribe(const dunlin_host* host, dunlin_conn conn, dunlin_str channel) noexcept {
    FakeConn* found = find(host, conn);
    if (!found) return DUNLIN_E_GONE;
    return found->channels.erase(copy(channel)) == 1 ? DUNLIN_OK : DUNLIN_E_NOT_FOUND;
  }
  static dunlin_status publish(const dunlin_host* host, dunlin_str channel, std::uint32_t, dunlin_str data,
                               dunlin_publish_fn fn, void* user) noexcept {
    FakeHost& fake = of(host);
    if (channel.size == 0) return DUNLIN_E_INVALID;
    fake.published.emplace_back(copy(channel), copy(data));
    std::uint64_t count = 0;
    for (auto& [id, conn] : fake.conns) count += conn.channels.count(copy(channel));
    if (fn) fake.due_.push_back([fn, user, count] { fn(user, count, 0); });
    return DUNLIN_OK;
  }
  static dunlin_status send_to(const dunlin_host* host, dunlin_conn conn, std::uint32_t kind, dunlin_str data,
                               dunlin_send_fn fn, void* user) noexcept {
    const dunlin_status status = send(host, conn, kind, data);
    if (fn) of(host).due_.push_back([fn, user, status] { fn(user, status); });
    return DUNLIN_OK;
  }

  static dunlin_status request(const dunlin_host* host, const dunlin_http_request* given, dunlin_http_fn fn,
                               void* user, std::uint64_t* id) noexcept {
    FakeRequest out{copy(given->method), copy(given->url), copy(given->body), {}, given->timeout_ms,
                    given->max_body,     given->flags,     fn,                user};
    for (std::size_t i = 0; i < given->header_count; ++i) {
      out.headers[copy(given->headers[i].name)] = copy(given->headers[i].value);
    }
    of(host).requests.push_back(out);
    *id = of(host).requests.size();
    return DUNLIN_OK;
  }
  static dunlin_status cancel_request(const dunlin_host* host, std::uint64_t id) noexcept {
    FakeRequest& request = of(host).requests.at(id - 1);
    return std::exchange(request.fn, nullptr) ? DUNLIN_OK : DUNLIN_E_GONE;
  }

  static dunlin_status start(const dunlin_host* host, std::uint64_t after, std::uint64_t every, dunlin_timer_fn fn,
                             void* user, std::uint64_t* id) noexcept {
    FakeHost& fake = of(host);
    *id = fake.next_timer_++;
    fake.timers_[*id] = {fake.now_ + after, every, fn, user};
    return DUNLIN_OK;
  }
  static dunlin_status stop(const dunlin_host* host, std::uint64_t id) noexcept {
    return of(host).timers_.erase(id) == 1 ? DUNLIN_OK : DUNLIN_E_GONE;
  }

  static dunlin_status define(const dunlin_host* host, std::uint32_t, dunlin_str name, dunlin_str, const dunlin_pair*,
                              std::size_t, std::uint32_t* id) noexcept {
    *id = static_cast<std::uint32_t>(of(host).figure_names_.size());
    of(host).figure_names_.push_back(copy(name));
    return DUNLIN_OK;
  }
  static void add(const dunlin_host* host, std::uint32_t id, std::int64_t value) noexcept {
    of(host).metrics[of(host).figure_names_.at(id)] += value;
  }
  static void assign(const dunlin_host* host, std::uint32_t id, std::int64_t value) noexcept {
    of(host).metrics[of(host).figure_names_.at(id)] = value;
  }

  static const void* extension(const dunlin_host* host, const char* id) noexcept {
    static constexpr dunlin_log kLog = {write, enabled};
    static constexpr dunlin_config kConfig = {fault, directory};
    static constexpr dunlin_ticket_api kTicket = {answer};
    static constexpr dunlin_conn_api kConn = {info,    no_text, header_at, no_text,      no_text,
                                              option,  uid,     authenticate, send, close};
    static constexpr dunlin_context kContext = {get, set, all, replace, wait};
    static constexpr dunlin_channel kChannel = {subscribe, unsubscribe, publish, send_to};
    static constexpr dunlin_timer kTimer = {start, stop};
    static constexpr dunlin_metrics kMetrics = {define, add, assign};
    static constexpr dunlin_socket kSocket = {unread, clear};
    static constexpr dunlin_redis kRedis = {redis_find, redis_command, redis_cancel};
    static constexpr dunlin_http kHttp = {request, cancel_request};
    const std::map<std::string, const void*> tables = {
        {DUNLIN_EXT_LOG, &kLog},         {DUNLIN_EXT_CONFIG, &kConfig},   {DUNLIN_EXT_TICKET, &kTicket},
        {DUNLIN_EXT_CONN, &kConn},       {DUNLIN_EXT_CONTEXT, &kContext}, {DUNLIN_EXT_CHANNEL, &kChannel},
        {DUNLIN_EXT_TIMER, &kTimer},     {DUNLIN_EXT_METRICS, &kMetrics},
        {DUNLIN_EXT_SOCKET, &kSocket},   {DUNLIN_EXT_REDIS, &kRedis},     {DUNLIN_EXT_HTTP, &kHttp}};
    const auto found = tables.find(id);
    if (found == tables.end()) return nullptr;
    const bool setup = found->second == &kLog || found->second == &kConfig;
    return of(host).setup_only && !setup ? nullptr : found->second;
  }
};

FakeHost::FakeHost(std::string folder)
    : host_{{"fake", "0", FakeTables::extension}, this}, folder_(std::move(folder)) {}

void FakeHost::turn() {
  while (!due_.empty()) {
    const auto now = std::move(due_);
    due_.clear();
    for (const auto& call : now) call();
  }
}

void FakeHost::pass(std::uint64_t milliseconds) {
  now_ += milliseconds;
  const auto timers = timers_;
  for (const auto& [id, timer] : timers) {
    if (timer.due > now_ || timers_.count(id) == 0) continue;
    if (timer.every == 0) {
      timers_.erase(id);
    } else {
      timers_[id].due = now_ + timer.every;
    }
    timer.fn(timer.user);
  }
  turn();
}

void FakeHost::respond(std::size_t index, std::int32_t code, const std::string& body,
                       const std::vector<std::pair<std::string, std::string>>& headers, dunlin_status status) {
  FakeRequest& request = requests.at(index);
  std::vector<dunlin_pair> pairs;
  for (const auto& [name, value] : headers) pairs.push_back({lend(name), lend(value)});
  const bool answered = status == DUNLIN_OK;
  const dunlin_http_response response{answered ? dunlin_str{} : lend(body),
                                      answered ? lend(body) : dunlin_str{},
                                      lend(request.url),
                                      pairs.data(),
                                      pairs.size(),
                                      status,
                                      code};
  std::exchange(request.fn, nullptr)(request.user, &response);
  turn();
}

void FakeHost::set_context(dunlin_conn conn, const std::string& key, const std::string& json) {
  if (json == "null") {
    conns.at(conn).context.erase(key);
    return;
  }
  conns.at(conn).context[key] = json;
  for (std::size_t i = 0; i < waiters_.size();) {
    if (waiters_[i].conn != conn || waiters_[i].key != key) {
      ++i;
      continue;
    }
    const Waiter waiter = waiters_[i];
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    due_.push_back([waiter, json] { waiter.fn(waiter.user, DUNLIN_OK, lend(json)); });
  }
}

std::string FakeHost::logged() const {
  std::string out;
  for (const auto& [level, text] : logs) out += text + "\n";
  return out;
}

}  // namespace dunlin::test
