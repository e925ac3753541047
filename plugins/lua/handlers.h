// SPDX-License-Identifier: Apache-2.0
// The handlers that a script may define, and the rule that tells the two forms of their parameters apart.
#pragma once

#include <string_view>

#include "plugins/lua/engine.h"

namespace dunlin::lua {

const char* handler_name(Handler which);

// How a Lua function declares its parameters. Names are Lua's own strings, alive as long as the function.
struct Parameters {
  int count = 0;
  std::string_view first, second;
};
Parameters parameters_of(lua_State* state, int function);

// Names decide; where they say nothing, `conn_script` (on_message declares a second parameter) does.
Form form_of(Handler which, const Parameters& parameters, bool conn_script);

// Message handler for pcall: the error as text, and a traceback below it.
int traceback(lua_State* state);

}  // namespace dunlin::lua
