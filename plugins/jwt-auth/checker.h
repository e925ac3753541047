// SPDX-License-Identifier: Apache-2.0
// Checker: one worker's instance. Decides at once where the keys are known; waits for a reading of the URL where not.
// All [worker].
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "dunlin/dunlin.h"
#include "plugins/jwt-auth/claims.h"
#include "plugins/jwt-auth/key_store.h"
#include "plugins/jwt-auth/settings.h"

namespace dunlin::jwt_auth {

// "Nobody could tell": the ABI refuses with "try later" on any value that is no verdict. This is the one that we answer.
inline constexpr dunlin_verdict kUnavailable = -1;

class Checker {
 public:
  Checker(const Settings& settings, KeyStore& store, const dunlin_host* host);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  dunlin_verdict check(std::string_view token, dunlin_ticket ticket);
  void cancel(dunlin_ticket ticket) { waiting_.erase(ticket); }

 private:
  enum class Decision { allow, deny, pass, unknown_key };
  enum Outcome { allowed, denied, passed, unavailable, refreshed, refresh_failed, outcomes };

  Decision decide(std::string_view token, Identity& identity, std::string& why) const;
  dunlin_verdict settle(Decision decision, dunlin_ticket ticket, const Identity& identity, const std::string& why);
  dunlin_verdict answer_unavailable(dunlin_ticket ticket, const std::string& why);
  void read_if_due();
  void read();
  void on_response(const dunlin_http_response& response);
  void on_reading_ended();
  void define_figures();
  void count(Outcome outcome) const;
  void log(std::uint32_t level, const std::string& text) const;

  const Settings& settings_;
  KeyStore& store_;
  const dunlin_host* host_;
  const dunlin_ticket_api* tickets_;
  const dunlin_log* log_;
  const dunlin_http* http_;
  const dunlin_timer* timers_;
  const dunlin_task* tasks_;
  const dunlin_metrics* metrics_;
  std::uint32_t figures_[outcomes] = {};
  std::map<dunlin_ticket, std::string> waiting_;  // tokens whose keys may come with the next reading
  std::uint64_t request_ = 0, timer_ = 0;
  bool mine_ = false;  // the reading under way is this worker's
};

}  // namespace dunlin::jwt_auth
