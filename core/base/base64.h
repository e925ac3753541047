// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dunlin {

// RFC 4648, 4: the alphabet with + and /, padded, nothing in between; anything else is nullopt.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace dunlin
