// SPDX-License-Identifier: Apache-2.0
// Target: where a URL leads. ws://, http:// and tcp:// alone: TLS would measure OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include <sys/socket.h>

#include "core/base/result.h"

namespace dunlin::bench {

struct Target {
  std::string scheme, host, path;  // host with its port, path with its query, as they stand in the URL
  sockaddr_storage address{};
  socklen_t length = 0;
};

// Resolves the name.
Result<Target> resolve(std::string_view url);

// A socket that is connecting, non-blocking, without Nagle's delay. Connections to the loopback come from 127.0.0.1,
// 127.0.0.2, … in turn by `index`, so that the ports of one address do not end their number.
Result<int> connect_to(const Target& target, unsigned index);

}  // namespace dunlin::bench
