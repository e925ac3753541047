// SPDX-License-Identifier: Apache-2.0
// A development token: a JWT signed with the secret that jwt-auth's settings hold.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/config/config.h"

namespace dunlin {

struct TokenRequest {
  std::string uid;
  bool as_string = false;  // also where the uid is all digits
  Millis ttl{86'400'000};
  std::vector<std::pair<std::string, std::string>> claims;  // values are JSON, or else taken as text
};

// The error says what is missing in the configuration.
Result<std::string> make_token(const Config& config, const TokenRequest& request, std::int64_t now_ms);

}  // namespace dunlin
