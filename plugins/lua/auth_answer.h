// SPDX-License-Identifier: Apache-2.0
// What authenticate() of a script returned, turned into the answer of a ticket.
#pragma once

#include "plugins/lua/engine.h"

namespace dunlin::lua {

// Reads `results` values on top of `state` and answers. Raises an error of Lua for what is no answer.
// REQUIRES: called protected.
void answer_auth(lua_State* state, int results, const Host& host, dunlin_ticket ticket);

}  // namespace dunlin::lua
