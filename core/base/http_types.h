// SPDX-License-Identifier: Apache-2.0
// What is asked of an HTTP server, and what comes back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace dunlin {

struct HttpRequest {
  std::string method, url, body, ca_file;
  std::vector<std::pair<std::string, std::string>> headers;
  Millis timeout{10'000};
  std::size_t max_body = 1024 * 1024;
  unsigned max_connections = 16;  // to one host
  bool verify = true;
  bool follow = false;
  bool public_only = false;  // connect to no loopback, private, link-local … address
};

// The numbers are those of the plugin ABI's dunlin_status.
enum class HttpOutcome : int { answered = 0, too_big = -4, timeout = -6, unavailable = -7 };

struct HttpResponse {
  HttpOutcome outcome = HttpOutcome::answered;  // otherwise code is 0 and error says why
  int code = 0;
  std::string error, body, url;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

}  // namespace dunlin
