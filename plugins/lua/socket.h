// SPDX-License-Identifier: Apache-2.0
// What the router does differently on raw TCP endpoints.
#pragma once

#include <string_view>

#include "plugins/lua/instance.h"

namespace dunlin::lua {

bool is_socket(const Host& host, dunlin_conn conn);

// dunlin_router's open and message there. REQUIRES: is_socket(), and the script defines on_message
dunlin_verdict open_socket(Instance& lua, dunlin_conn conn, dunlin_ticket ticket);
dunlin_verdict take_packet(Instance& lua, dunlin_conn conn, std::string_view packet, dunlin_ticket ticket);

}  // namespace dunlin::lua
