// SPDX-License-Identifier: Apache-2.0
// The arguments of mix.http.request, read from the stack of Lua.
#pragma once

#include <lua.hpp>

#include "plugins/lua/host.h"

namespace dunlin::lua {

// Reads (method, url [, options]). Raises an error of Lua for what is no request.
plugin::HttpRequest check_http_request(lua_State* state);

}  // namespace dunlin::lua
