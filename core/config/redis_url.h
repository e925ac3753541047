// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/redis_types.h"
#include "core/base/result.h"

namespace dunlin {

// redis://[USER][:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// for TLS; user and password percent-encoded. The error says
// what would be right, and repeats nothing of the URL, which may hold a password.
Status parse_redis_url(const std::string& url, RedisServer& out);

}  // namespace dunlin
