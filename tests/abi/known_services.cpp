// SPDX-License-Identifier: Apache-2.0
#include "tests/abi/known_services.h"

#include <algorithm>

namespace dunlin {

dunlin_status KnownServices::find(ClientId id, const Texts& texts, std::string_view name, std::string_view& out) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  const auto found = texts.find(name);
  if (found == texts.end()) return DUNLIN_E_NOT_FOUND;
  out = found->second;
  return DUNLIN_OK;
}

dunlin_status KnownServices::conn_info(ClientId id, std::uint32_t what, std::string_view& out) {
  if (infos.empty()) return MemoryServices::conn_info(id, what, out);
  const auto found = infos.find(what);
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  if (found == infos.end()) return DUNLIN_E_NOT_FOUND;
  out = found->second;
  return DUNLIN_OK;
}

dunlin_status KnownServices::conn_certificate(ClientId id, std::string_view& pem) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  pem = certificate;
  return certificate.empty() ? DUNLIN_E_NOT_FOUND : DUNLIN_OK;
}

dunlin_status KnownServices::conn_header(ClientId id, std::string_view name, std::string_view& out) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
  if (found == headers.end()) return DUNLIN_E_NOT_FOUND;
  out = found->second;
  return DUNLIN_OK;
}

dunlin_status KnownServices::conn_header_at(ClientId id, std::size_t index, std::string_view& name, std::string_view& value) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  if (index >= headers.size()) return DUNLIN_E_NOT_FOUND;
  name = headers[index].first;
  value = headers[index].second;
  return DUNLIN_OK;
}

dunlin_status KnownServices::conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  if (uid_kind == DUNLIN_UID_NONE) return DUNLIN_E_NOT_FOUND;
  text = uid;
  kind = uid_kind;
  return DUNLIN_OK;
}

dunlin_status KnownServices::conn_close(ClientId id, int code, std::string_view) {
  if (known(id) != DUNLIN_OK || closed != 0) return DUNLIN_E_GONE;
  closed = code;
  return DUNLIN_OK;
}

dunlin_status KnownServices::conn_unread(ClientId id, std::size_t& size) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  size = unread;
  return unread == 0 ? DUNLIN_E_NOT_FOUND : DUNLIN_OK;
}

dunlin_status KnownServices::conn_clear(ClientId id) {
  std::size_t size;
  const dunlin_status status = conn_unread(id, size);
  unread = 0;
  return status;
}

dunlin_status KnownServices::subscribe(ClientId id, std::string_view channel) {
  if (known(id) == DUNLIN_OK) channels.emplace(channel);
  return known(id);
}

dunlin_status KnownServices::unsubscribe(ClientId id, std::string_view channel) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  const auto found = channels.find(channel);
  if (found == channels.end()) return DUNLIN_E_NOT_FOUND;
  channels.erase(found);
  return DUNLIN_OK;
}

dunlin_status KnownServices::send(ClientId id, Kind kind, std::string_view data, SendDone done) {
  if (id.value() == kKnown) conn_send(id, kind, data);
  if (done) defer([done = std::move(done), id] { done(known(id)); });
  return DUNLIN_OK;
}

dunlin_status KnownServices::context_set(ClientId id, std::string_view key, std::string_view json) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  if (json == "null") {
    context.erase(std::string(key));
    return DUNLIN_OK;
  }
  context[std::string(key)] = json;
  if (auto waiter = waiting_.extract(std::string(key))) {
    timer_stop(waiter.mapped().first);
    defer([done = std::move(waiter.mapped().second), value = std::string(json)] { done(DUNLIN_OK, value); });
  }
  return DUNLIN_OK;
}

dunlin_status KnownServices::context_all(ClientId id, std::string_view& out) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  all_ = "{";
  for (const auto& [key, json] : context) all_ += (all_.size() > 1 ? ",\"" : "\"") + key + "\":" + json;
  out = all_ += "}";
  return DUNLIN_OK;
}

// Of one member: {"key":value}.
dunlin_status KnownServices::context_replace(ClientId id, std::string_view json) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  const std::size_t colon = json.find("\":");
  if (!json.starts_with("{\"") || colon == std::string_view::npos || !json.ends_with('}')) return DUNLIN_E_INVALID;
  context.clear();
  context[std::string(json.substr(2, colon - 2))] = json.substr(colon + 2, json.size() - colon - 3);
  return DUNLIN_OK;
}

dunlin_status KnownServices::context_wait(ClientId id, std::string_view key, Millis timeout, ContextDone done) {
  if (known(id) != DUNLIN_OK) return DUNLIN_E_GONE;
  const std::string name(key);
  const std::uint64_t timer = timer_start(timeout, Millis{0}, [this, name] {
    if (auto waiter = waiting_.extract(name)) waiter.mapped().second(DUNLIN_E_TIMEOUT, "");
  });
  waiting_[name] = {timer, std::move(done)};
  return DUNLIN_OK;
}

dunlin_status KnownServices::redis_command(std::string_view name, std::vector<std::string> argv, Millis,
                                           std::function<void(const RedisReply&)> done, std::uint64_t& id) {
  if (!redis_known(name)) return DUNLIN_E_NOT_FOUND;
  if (argv[0] == "SUBSCRIBE") return DUNLIN_E_DENIED;
  std::string said = "redis";
  for (const std::string& argument : argv) said += " " + argument;
  sent.push_back(said);
  id = next_++;
  commands_[id] = std::move(done);
  return DUNLIN_OK;
}

void KnownServices::answer_redis(const RedisReply& reply) {
  for (const auto& [id, done] : std::exchange(commands_, {})) done(reply);
}

}  // namespace dunlin
