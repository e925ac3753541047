// SPDX-License-Identifier: Apache-2.0
// What a token says, once its signature holds (RFC 7519, 4.1): is it good now, for us, and who is it for?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/jwt-auth/settings.h"

namespace dunlin::jwt_auth {

struct Identity {
  std::string uid;
  bool number = false;
  std::vector<std::pair<std::string, std::string>> context;  // values are JSON text
  std::vector<std::string> channels;
  std::int64_t expires_at_ms = 0;  // 0: never
};

// False: refused, `why` says so. `now_s`: Unix time in seconds.
bool check_claims(std::string_view payload, const Settings& settings, std::int64_t now_s, Identity& out, std::string& why);

}  // namespace dunlin::jwt_auth
