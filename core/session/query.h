// SPDX-License-Identifier: Apache-2.0
// What the opening handshake says, taken apart: query parameters, cookies, the token of a log-in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/session/transport.h"

namespace dunlin {

// The name under which a handshake keeps what the plugin ABI calls DUNLIN_CONN_…; empty: that did not come with it.
std::string_view handshake_name(std::uint32_t what);

// An endpoint's options (a JSON object) by name, each as JSON.
using EndpointOptions = std::map<std::string, std::string, std::less<>>;
EndpointOptions options_of(std::string_view json);

// The first query parameter of that name, percent-decoded, `+` as a space.
std::optional<std::string> query_of(std::string_view uri, std::string_view name);
std::optional<std::string> cookie_of(const Handshake& handshake, std::string_view name);

// `Authorization: Bearer TOKEN`, else `?token=TOKEN`, else empty.
std::string handshake_token(const Handshake& handshake);

}  // namespace dunlin
