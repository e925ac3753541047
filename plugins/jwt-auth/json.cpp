// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dunlin::jwt_auth {

std::optional<rapidjson::Document> parse_json(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // RapidJSON would take it for the end
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError()) return std::nullopt;
  return document;
}

std::string print_json(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const Json* member(const Json& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto found =
      object.FindMember(Json(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view text_member(const Json& object, std::string_view name) {
  const Json* value = member(object, name);
  return value && value->IsString() ? text_of(*value) : std::string_view();
}

}  // namespace dunlin::jwt_auth
