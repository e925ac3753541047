// SPDX-License-Identifier: Apache-2.0
// The arguments of mix.http.request, read from the stack of Lua.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <lua.hpp>

namespace dunlin::lua {

struct HttpCall {
  std::string method, url, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint32_t timeout_ms = 10'000;
  std::uint32_t max_body = 1024 * 1024;
  bool verify = true;
};

// Reads (method, url [, options]). Raises an error of Lua for what is no request.
HttpCall check_http_call(lua_State* state);

}  // namespace dunlin::lua
