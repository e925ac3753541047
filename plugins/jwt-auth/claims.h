// SPDX-License-Identifier: Apache-2.0
// What a token says, once its signature holds (RFC 7519, 4.1): is it good now, for us, and who is it for?
#pragma once

#include <dunlin.hpp>

#include "plugins/jwt-auth/settings.h"

namespace dunlin::jwt_auth {

using plugin::Identity;

// False: refused, `why` says so. `now_s`: Unix time in seconds.
bool check_claims(std::string_view payload, const Settings& settings, std::int64_t now_s, Identity& out, std::string& why);

}  // namespace dunlin::jwt_auth
