// SPDX-License-Identifier: Apache-2.0
// One worker's http-auth: each token becomes a request to the backend, its reply becomes the answer to a ticket.
//
// A Flight is one question under way, with its retries. With the cache on, tickets that ask the same wait for the same
// flight; without it each has its own, so that a token that may be used once is never accepted twice.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <dunlin.hpp>

#include "plugins/http-auth/breaker.h"
#include "plugins/http-auth/cache.h"
#include "plugins/http-auth/figures.h"
#include "plugins/http-auth/reply.h"
#include "plugins/http-auth/request.h"

namespace dunlin::http_auth {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t steady_ms() const { return since_epoch(std::chrono::steady_clock::now()); }
  virtual std::int64_t unix_ms() const { return since_epoch(std::chrono::system_clock::now()); }

 private:
  static std::int64_t since_epoch(auto now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  }
};

// [worker] throughout.
class Checker {
 public:
  // All three outlive it.
  Checker(const Settings& settings, const plugin::Host& host, const Clock& clock);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  dunlin_verdict check(plugin::Conn conn, std::string_view token, dunlin_ticket ticket);
  void cancel(dunlin_ticket ticket, std::int32_t reason);

 private:
  struct Flight {
    Flight(Request asked, const std::optional<Digest>& shared) : request(std::move(asked)), key(shared) {}

    Request request;
    std::optional<Digest> key;  // with the cache on
    std::list<Flight>::iterator self;
    std::vector<dunlin_ticket> waiting;
    std::optional<Breaker::Permit> permit;  // while a request is out
    plugin::HttpCall call;
    plugin::Timer pause;  // before a retry
    std::int64_t tries = 0;
  };

  const Outcome* recall(const Digest& key);
  void remember(const Digest& key, const Outcome& outcome);
  Flight& open(Request request, const std::optional<Digest>& key);
  void start(Flight& flight);
  dunlin_status send(Flight& flight);
  void take(Flight& flight, const plugin::HttpResponse& response);
  bool retry(Flight& flight);
  void finish(Flight& flight, const Outcome& outcome);
  void stop(Flight& flight, bool backend_failed);
  void forget(Flight& flight);
  dunlin_verdict give(dunlin_ticket ticket, const Outcome& outcome);
  void note_breaker();
  void warn(const std::string& text);

  const Settings& settings_;
  const Clock& clock_;
  const plugin::Host& host_;
  const Figures figures_;
  Breaker breaker_;
  Breaker::State noted_ = Breaker::State::closed;
  RetryBudget budget_;
  Cache<Outcome> users_;
  Cache<Outcome> refusals_;  // apart, so that guessed tokens cannot push users out
  std::list<Flight> flights_;
  std::unordered_map<dunlin_ticket, Flight*> by_ticket_;
  std::unordered_map<Digest, Flight*, DigestHash> by_key_;
  const bool needs_token_;
  std::optional<std::int64_t> warned_ms_;
};

}  // namespace dunlin::http_auth
