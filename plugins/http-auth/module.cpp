// SPDX-License-Identifier: Apache-2.0
// http-auth: asks your backend over HTTP who is behind a token. docs/http-auth.md
//
// This file is the door between the plugin ABI and the rest, and holds no logic.
#include <dunlin.hpp>

#include "plugins/http-auth/checker.h"
#include "plugins/http-auth/schema.h"
#include "plugins/http-auth/settings.h"

namespace dunlin::http_auth {
namespace {

class Module {
 public:
  static constexpr const char* kRequired[] = {DUNLIN_EXT_LOG,   DUNLIN_EXT_CONFIG, DUNLIN_EXT_TICKET,  DUNLIN_EXT_HTTP,
                                              DUNLIN_EXT_TIMER, DUNLIN_EXT_CONN,   DUNLIN_EXT_METRICS, nullptr};
  static constexpr plugin::Info kInfo = {"http-auth", "0.1.0", "Asks your backend over HTTP who is behind a token",
                                         kSettingsSchema, kRequired};

  struct Settings {
    explicit Settings(const plugin::Setup& setup) {
      Fault fault;
      auto parsed = parse_settings(setup.json, setup.directory(), fault);
      if (!parsed) throw plugin::SettingsFault(fault.pointer, fault.what);
      value = std::move(*parsed);
      if (!value.verify_tls)
        setup.host.log(DUNLIN_LOG_WARN, "verify_tls is false: anybody between here and the backend can log in as anybody. For "
                                        "development only");
    }
    http_auth::Settings value;
  };

  Module(const plugin::Host& host, const Settings& settings) : checker_(settings.value, host, clock_) {}

  // By the ticket's number: the checker answers many at once.
  dunlin_verdict check(plugin::Conn conn, const plugin::Credentials& credentials, dunlin_ticket ticket) {
    return checker_.check(conn, credentials.token, ticket);
  }
  void cancel(dunlin_ticket ticket, int reason) { checker_.cancel(ticket, reason); }

 private:
  Clock clock_;
  Checker checker_;
};

}  // namespace
}  // namespace dunlin::http_auth

DUNLIN_PLUGIN(dunlin::http_auth::Module)
