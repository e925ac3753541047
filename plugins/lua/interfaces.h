// SPDX-License-Identifier: Apache-2.0
// The tables that the host gets from this module's get_interface.
#pragma once

#include "plugins/lua/instance.h"

namespace dunlin::lua {

const void* router_interface();  // dunlin.router/1
const void* auth_interface();    // dunlin.auth/1
const void* framer_interface();  // dunlin.framer/1

// Pushes a table of the handshake's headers, by their names in lower case.
void push_headers(lua_State* state, const Host& host, dunlin_conn conn);

}  // namespace dunlin::lua
