// SPDX-License-Identifier: Apache-2.0
// jwt-auth: who is behind a JSON Web Token. docs/jwt-auth.md
//
// This file is the door between the plugin ABI and the rest, and holds no logic.
#include <dunlin.hpp>

#include "plugins/jwt-auth/checker.h"
#include "plugins/jwt-auth/settings.h"

namespace dunlin::jwt_auth {
namespace {

class Module {
 public:
  static constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG,  DUNLIN_EXT_CONFIG,  DUNLIN_EXT_HTTP,
                                              DUNLIN_EXT_TIMER,  DUNLIN_EXT_TASK, DUNLIN_EXT_METRICS, nullptr};
  static constexpr plugin::Info kInfo = {"jwt-auth", "0.1.0", "log-in by JSON Web Tokens", kSchema, kRequired};

  struct Settings {
    explicit Settings(const plugin::Setup& setup) {
      Fault fault;
      auto parsed = parse_settings(setup.json, setup.directory(), fault);
      if (!parsed) throw plugin::SettingsFault(fault.pointer, fault.what);
      value = std::move(*parsed);
    }
    jwt_auth::Settings value;
    mutable KeyStore store;  // guards itself; all else is read-only
  };

  Module(const plugin::Host& host, const Settings& settings) : checker_(settings.value, settings.store, host) {}

  // By the ticket's number: the checker answers all that wait for a key at once.
  dunlin_verdict check(plugin::Conn, const plugin::Credentials& credentials, dunlin_ticket ticket) {
    return checker_.check(credentials.token, ticket);
  }
  void cancel(dunlin_ticket ticket, int) { checker_.cancel(ticket); }

 private:
  Checker checker_;
};

}  // namespace
}  // namespace dunlin::jwt_auth

DUNLIN_PLUGIN(dunlin::jwt_auth::Module)
