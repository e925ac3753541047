// SPDX-License-Identifier: Apache-2.0
// Checker: one worker's instance. Decides at once where the keys are known; waits for a reading of the URL where not.
// All [worker].
#pragma once

#include <dunlin.hpp>

#include <map>

#include "plugins/jwt-auth/claims.h"
#include "plugins/jwt-auth/key_store.h"
#include "plugins/jwt-auth/settings.h"

namespace dunlin::jwt_auth {

class Checker {
 public:
  // All three outlive it.
  Checker(const Settings& settings, KeyStore& store, const plugin::Host& host);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  dunlin_verdict check(std::string_view token, dunlin_ticket ticket);
  void cancel(dunlin_ticket ticket) { waiting_.erase(ticket); }

 private:
  enum class Decision { allow, deny, pass, unknown_key };
  enum Outcome { allowed, denied, passed, unavailable, refreshed, refresh_failed, outcomes };

  Decision decide(std::string_view token, Identity& identity, std::string& why) const;
  dunlin_verdict settle(Decision decision, dunlin_ticket ticket, Identity identity, std::string why);
  dunlin_verdict answer(Outcome outcome, dunlin_ticket ticket, const plugin::Verdict& verdict);
  void read_if_due();
  void read();
  void on_response(const plugin::HttpResponse& response);
  void on_reading_ended();

  const Settings& settings_;
  KeyStore& store_;
  const plugin::Host& host_;
  const plugin::Figures<Outcome, outcomes> figures_;
  std::map<dunlin_ticket, std::string> waiting_;  // tokens whose keys may come with the next reading
  plugin::HttpCall reading_;                      // this worker's, while it is under way
  plugin::Timer tick_;
};

}  // namespace dunlin::jwt_auth
