// SPDX-License-Identifier: Apache-2.0
// The one rule for the names of channels, wherever they come from: clients, modules, the API.
#pragma once

#include <string_view>

namespace dunlin {

// A channel's name: 1 to 255 bytes of UTF-8 without control characters.
bool valid_channel(std::string_view name);

}  // namespace dunlin
