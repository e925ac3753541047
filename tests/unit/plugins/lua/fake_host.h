// SPDX-License-Identifier: Apache-2.0
// FakeHost: the host's side of the ABI in memory. Callbacks wait until turn(); time stands still until pass().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dunlin/dunlin.h"

namespace dunlin::test {

struct FakeConn {
  std::map<std::string, std::string> context;  // JSON texts
  std::set<std::string> channels;
  std::map<std::string, std::string> options;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string uri = "/message-center";
  std::string uid;
  std::uint32_t uid_kind = DUNLIN_UID_NONE;
  std::vector<std::string> sent;
  std::vector<std::uint32_t> sent_kinds;
  std::int32_t closed = 0;  // the first close's code
  std::string close_reason;
  bool socket = false;  // raw TCP
  bool cleared = false;
};

// What the endpoint's auth chain makes of a token.
struct FakeLogin {
  dunlin_status status = DUNLIN_OK;  // else refused with it
  std::string uid;
  std::uint32_t kind = DUNLIN_UID_NUMBER;
};

struct FakeAnswer {
  dunlin_verdict verdict = 0;
  std::string reason, uid;
  std::uint32_t uid_kind = 0;
  std::map<std::string, std::string> context;
  std::vector<std::string> channels;
  std::int64_t expires_at_ms = 0;
};

// An HTTP request of the script, waiting for respond().
struct FakeRequest {
  std::string method, url, body;
  std::map<std::string, std::string> headers;
  std::uint32_t timeout_ms = 0, max_body = 0, flags = 0;
  dunlin_http_fn fn = nullptr;  // nullptr: answered or cancelled
  void* user = nullptr;
};

class FakeHost {
 public:
  explicit FakeHost(std::string folder);
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  const dunlin_host* table() const { return &host_; }

  // Runs the callbacks that are due, and those that they lead to.
  void turn();
  void pass(std::uint64_t milliseconds);  // and then a turn
  // Answers a request: with `code`, or, where `status` is not DUNLIN_OK, with `body` as the error.
  void respond(std::size_t request, std::int32_t code, const std::string& body,
               const std::vector<std::pair<std::string, std::string>>& headers = {}, dunlin_status status = DUNLIN_OK);
  void set_context(dunlin_conn conn, const std::string& key, const std::string& json);

  std::map<dunlin_conn, FakeConn> conns;
  std::map<dunlin_ticket, FakeAnswer> answers;
  std::vector<std::pair<std::uint32_t, std::string>> logs;
  std::map<std::string, std::int64_t> metrics;
  std::map<std::string, std::string> faults;  // by pointer
  std::vector<std::pair<std::string, std::string>> published;
  std::vector<FakeRequest> requests;
  std::function<FakeLogin(const std::string& token)> login;
  std::function<void(const std::vector<std::string>& argv, dunlin_redis_fn fn, void* user)> redis;  // answers a command; none: waits
  dunlin_status subscribe_status = DUNLIN_OK;
  bool setup_only = false;  // a host given to configure: log and config

  std::string logged() const;  // all lines

 private:
  friend struct FakeTables;
  struct Door : dunlin_host {  // how the tables find their FakeHost
    FakeHost* owner;
  };
  struct Timer {
    std::uint64_t due, every;
    dunlin_timer_fn fn;
    void* user;
  };
  struct Waiter {
    dunlin_conn conn;
    std::string key;
    dunlin_context_fn fn;
    void* user;
  };

  Door host_;
  std::string folder_;
  std::vector<std::function<void()>> due_;
  std::set<std::uint64_t> awaited_;  // commands of Redis
  std::uint64_t commands_ = 0;
  std::map<std::uint64_t, Timer> timers_;
  std::vector<Waiter> waiters_;
  std::vector<std::string> figure_names_;
  std::string scratch_;
  std::uint64_t now_ = 0, next_timer_ = 1;
};

}  // namespace dunlin::test
