// SPDX-License-Identifier: Apache-2.0
// A host that a test holds in its hand: requests and timers wait until the test answers or fires them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dunlin/dunlin.h"

namespace dunlin::http_auth {

class FakeHost : public dunlin_host {
 public:
  struct Sent {
    std::string method, url, body, ca_file;
    std::map<std::string, std::string> headers;
    std::uint32_t timeout_ms, max_body, flags, max_connections;
    dunlin_http_fn fn;
    void* user;
    bool open;  // neither answered nor cancelled
  };
  struct Timer {
    std::uint64_t after_ms;
    dunlin_timer_fn fn;
    void* user;
    bool open;
  };
  struct Answer {
    dunlin_verdict verdict = DUNLIN_PASS;
    std::string uid;
    std::uint32_t kind = DUNLIN_UID_NONE;
    std::map<std::string, std::string> context;
    std::vector<std::string> channels;
    std::int64_t expires_at_ms = 0;
    std::string reason;
  };

  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // What the backend answers to the index-th request.
  void reply(std::size_t index, int code, const std::string& body);
  // The index-th request has failed.
  void fail(std::size_t index, dunlin_status status, const std::string& error = "connection refused");
  void fire(std::size_t timer);
  std::size_t open_requests() const;

  std::vector<Sent> sent;
  std::vector<Timer> timers;
  std::map<dunlin_ticket, Answer> answers;
  std::map<std::string, std::int64_t> metrics;  // "name" or "name label"
  std::vector<std::string> figure_names;
  std::vector<std::string> log;
  std::vector<std::pair<std::string, std::string>> faults;
  std::string directory = "/nowhere";
  std::map<std::string, std::string> handshake;      // "header.x", "query.x", "cookie.x"
  std::map<std::uint32_t, std::string> info;         // by DUNLIN_CONN_…
  dunlin_status request_status = DUNLIN_OK;          // what request() returns
};

}  // namespace dunlin::http_auth
