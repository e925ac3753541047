// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dunlin::jwt_auth {

// RFC 7515, 2: no padding, no stray characters, no bits that stand for nothing.
std::optional<std::string> base64url_decoded(std::string_view text);

}  // namespace dunlin::jwt_auth
