// SPDX-License-Identifier: Apache-2.0
// What the backend's answer comes to.
#pragma once

#include <dunlin.hpp>

#include "plugins/http-auth/settings.h"

namespace dunlin::http_auth {

using plugin::Identity;

enum class Result { allow, deny, unavailable };

struct Outcome {
  Result result = Result::unavailable;
  Identity identity;   // with allow
  std::string reason;  // why not; holds nothing of the token
};

// What a whole HTTP exchange says.
struct Reply {
  Outcome outcome;
  bool retry = false;    // worth another try
  bool healthy = false;  // the backend works, whatever it thinks of this token
};

// REQUIRES: the server answered.
Reply judge(const Settings& settings, int code, std::string_view body, std::int64_t unix_ms);

}  // namespace dunlin::http_auth
