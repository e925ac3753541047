// SPDX-License-Identifier: Apache-2.0
// What the opening handshake says, taken apart: query parameters, cookies, the token of a log-in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/session/transport.h"

namespace dunlin {

// The first query parameter of that name, percent-decoded, `+` as a space.
std::optional<std::string> query_of(std::string_view uri, std::string_view name);
std::optional<std::string> cookie_of(const Handshake& handshake, std::string_view name);

// `Authorization: Bearer TOKEN`, else `?token=TOKEN`, else empty.
std::string handshake_token(const Handshake& handshake);

}  // namespace dunlin
