// SPDX-License-Identifier: Apache-2.0
// KnownServices: MemoryServices that know one connection, 1, with what it brought and keeps, and a Redis server called
// "cache"; to every other connection they say that it is gone. What a value is, is in the order of the struct below.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/conformance/memory_services.h"

namespace dunlin {

class KnownServices final : public MemoryServices {
 public:
  static constexpr std::uint64_t kKnown = 1;

  std::map<std::uint32_t, std::string> infos;  // by DUNLIN_CONN_…; to every connection that is not known, only the path
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string, std::less<>> queries, cookies, options, context;
  std::string uid, certificate;
  std::uint32_t uid_kind = DUNLIN_UID_NONE;
  std::set<std::string, std::less<>> channels;
  std::size_t unread = 0;  // 0: it is no raw TCP connection
  int closed = 0;

  dunlin_status conn_info(ClientId id, std::uint32_t what, std::string_view& out) override;
  dunlin_status conn_certificate(ClientId id, std::string_view& pem) override;
  dunlin_status conn_header(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_header_at(ClientId id, std::size_t index, std::string_view& name, std::string_view& value) override;
  dunlin_status conn_query(ClientId id, std::string_view name, std::string_view& out) override { return find(id, queries, name, out); }
  dunlin_status conn_cookie(ClientId id, std::string_view name, std::string_view& out) override { return find(id, cookies, name, out); }
  dunlin_status conn_option(ClientId id, std::string_view name, std::string_view& out) override { return find(id, options, name, out); }
  dunlin_status conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) override;
  dunlin_status conn_close(ClientId id, int code, std::string_view reason) override;
  dunlin_status conn_unread(ClientId id, std::size_t& size) override;
  dunlin_status conn_clear(ClientId id) override;
  dunlin_status subscribe(ClientId id, std::string_view channel) override;
  dunlin_status unsubscribe(ClientId id, std::string_view channel) override;
  dunlin_status send(ClientId id, Kind kind, std::string_view data, SendDone done) override;
  dunlin_status context_get(ClientId id, std::string_view key, std::string_view& out) override { return find(id, context, key, out); }
  dunlin_status context_set(ClientId id, std::string_view key, std::string_view json) override;
  dunlin_status context_all(ClientId id, std::string_view& out) override;
  dunlin_status context_replace(ClientId id, std::string_view json) override;
  dunlin_status context_wait(ClientId id, std::string_view key, Millis timeout, ContextDone done) override;
  bool redis_known(std::string_view name) override { return name.empty() || name == "cache"; }
  dunlin_status redis_command(std::string_view name, std::vector<std::string> argv, Millis timeout,
                              std::function<void(const RedisReply&)> done, std::uint64_t& id) override;
  bool redis_cancel(std::uint64_t id) override { return commands_.erase(id) > 0; }

  void answer_redis(const RedisReply& reply);
  std::size_t commands() const { return commands_.size(); }

 private:
  using Texts = std::map<std::string, std::string, std::less<>>;
  static dunlin_status known(ClientId id) { return id.value() == kKnown ? DUNLIN_OK : DUNLIN_E_GONE; }
  static dunlin_status find(ClientId id, const Texts& texts, std::string_view name, std::string_view& out);

  std::string all_;
  std::map<std::string, std::pair<std::uint64_t, ContextDone>> waiting_;  // by key: its timer, who waits
  std::map<std::uint64_t, std::function<void(const RedisReply&)>> commands_;
  std::uint64_t next_ = 1;
};

}  // namespace dunlin
