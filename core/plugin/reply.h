// SPDX-License-Identifier: Apache-2.0
// A request to a module's own HTTP route, and what it is answered with.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/json.h"

namespace dunlin {

struct RouteCall {
  std::string method, path, query, body, peer;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

struct Reply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::string headers;  // whole lines, each ending in \r\n
};

using RouteDone = std::function<void(Reply)>;

// As the API's own errors look.
inline Reply error_reply(int status, std::string_view why) {
  return {.status = status, .body = fmt::format(R"({{"E":{{"c":{},"m":{}}}}})", status, json::quote(why)), .headers = {}};
}

}  // namespace dunlin
