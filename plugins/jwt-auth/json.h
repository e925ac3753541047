// SPDX-License-Identifier: Apache-2.0
// JSON as this module needs it: integers up to 64 bits keep every digit.
#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string>
#include <string_view>

namespace dunlin::jwt_auth {

using Json = rapidjson::Value;

std::optional<rapidjson::Document> parse_json(std::string_view text);
std::string print_json(const Json& value);
// A member of an object; nullptr: there is none, or it is no object.
const Json* member(const Json& object, std::string_view name);
// Empty where it is absent or no string.
std::string_view text_member(const Json& object, std::string_view name);
inline std::string_view text_of(const Json& string) { return {string.GetString(), string.GetStringLength()}; }

}  // namespace dunlin::jwt_auth
