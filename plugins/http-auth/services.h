// SPDX-License-Identifier: Apache-2.0
// The host's tables as this module uses them. [worker] throughout.
#pragma once

#include <string>
#include <string_view>

#include "dunlin/dunlin.h"
#include "plugins/http-auth/reply.h"
#include "plugins/http-auth/template.h"

namespace dunlin::http_auth {

// "Nobody could tell": the ABI has no verdict of that meaning, and refuses with "try later" on any value that is not
// a verdict. This is the one such value that we answer.
constexpr dunlin_verdict kUnavailable = -1;

inline dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }

class Services {
 public:
  explicit Services(const dunlin_host* from);

  void answer(dunlin_ticket ticket, const Outcome& outcome) const;
  void log(std::uint32_t level, std::string_view text) const;

  const dunlin_host* host;
  const dunlin_http* http;
  const dunlin_timer* timer;
  const dunlin_conn_api* conn;
  const dunlin_tls* tls;  // nullptr: an older server

 private:
  const dunlin_ticket_api* ticket_;
  const dunlin_log* log_;
};

// What the placeholders stand for: the token, and what the connection's handshake carried. REQUIRES: used within the
// hook that was handed the token.
class ConnValues : public Values {
 public:
  ConnValues(const Services& services, dunlin_conn conn, dunlin_str token)
      : services_(services), conn_(conn), token_(token) {}
  std::optional<std::string_view> get(Source source, const std::string& name) const override;

 private:
  std::optional<std::string_view> certificate() const;

  const Services& services_;
  const dunlin_conn conn_;
  const dunlin_str token_;
  mutable std::string certificate_;  // what a view of it was handed out of
};

// What stands between the first BEGIN and END of a PEM, on one line: the base64 of its DER.
std::string base64_of(std::string_view pem);

// "192.0.2.7:51234" to "192.0.2.7", "[2001:db8::1]:51234" to "2001:db8::1".
std::string_view without_port(std::string_view address);

}  // namespace dunlin::http_auth
