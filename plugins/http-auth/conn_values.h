// SPDX-License-Identifier: Apache-2.0
// What the placeholders stand for: the token, and what the connection's handshake carried. [worker]
#pragma once

#include <dunlin.hpp>

#include "plugins/http-auth/template.h"

namespace dunlin::http_auth {

// REQUIRES: used within the hook that was handed the token.
class ConnValues : public Values {
 public:
  ConnValues(plugin::Conn conn, std::string_view token) : conn_(conn), token_(token) {}
  std::optional<std::string_view> get(Source source, const std::string& name) const override;

 private:
  const plugin::Conn conn_;
  const std::string_view token_;
  mutable std::string certificate_;  // what a view of it was handed out of
};

// What stands between the first BEGIN and END of a PEM, on one line: the base64 of its DER.
std::string base64_of(std::string_view pem);

// "192.0.2.7:51234" to "192.0.2.7", "[2001:db8::1]:51234" to "2001:db8::1".
std::string_view without_port(std::string_view address);

}  // namespace dunlin::http_auth
