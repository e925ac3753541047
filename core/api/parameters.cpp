// SPDX-License-Identifier: Apache-2.0
#include "core/api/parameters.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/api/base64.h"
#include "core/base/channel_name.h"

namespace dunlin {
namespace {

Error wrong(std::string why) { return fail(Errc::bad_input, std::move(why)); }

const char* kind_of(const json::Value& value) {
  return value.IsString()   ? "a string"
         : value.IsNumber() ? "a number"
         : value.IsBool()   ? "true or false"
         : value.IsArray()  ? "an array"
         : value.IsObject() ? "an object"
                            : "null";
}

// An object with fields of ours only, none twice: which of two would be meant is anybody's guess.
Status only_known(const json::Value& object) {
  constexpr std::array<std::string_view, 3> kFields = {"c", "d", "t"};
  if (!object.IsObject()) return wrong(fmt::format("the body is {}; must be an object", kind_of(object)));
  std::array<bool, kFields.size()> seen{};
  for (const auto& member : object.GetObject()) {
    const std::string_view name = json::text_of(member.name);
    const auto field = static_cast<std::size_t>(std::find(kFields.begin(), kFields.end(), name) - kFields.begin());
    if (field == kFields.size())
      return wrong(fmt::format("unknown field {}; known are {}", json::quote(name), fmt::join(kFields, ", ")));
    if (std::exchange(seen[field], true)) return wrong(fmt::format("\"{}\" is given twice", name));
  }
  return ok();
}

Result<std::string_view> text_field(const json::Value& object, const char* name) {
  const json::Value* value = json::member(object, name);
  if (!value) return wrong(fmt::format("\"{}\" is missing", name));
  if (!value->IsString()) return wrong(fmt::format("\"{}\" is {}; must be a string", name, kind_of(*value)));
  return json::text_of(*value);
}

// "d" and "t".
Result<MessageRef> message_of(const json::Value& object) {
  const auto data = text_field(object, "d");
  if (!data) return data.error();
  std::string_view type = "text";
  if (json::member(object, "t")) {
    const auto given = text_field(object, "t");
    if (!given) return given.error();
    type = *given;
  }
  if (type == "text") {
    // The parser has checked the bytes, but \u escapes can still name half of a surrogate pair.
    if (!is_utf8(*data)) return wrong("\"d\" is not UTF-8; send such data as \"t\":\"binary\"");
    return Message::make(Kind::text, *data);
  }
  if (type != "binary") return wrong(fmt::format("\"t\" is {}; must be \"text\" or \"binary\"", json::quote(type)));
  const auto bytes = base64_decoded(*data);
  if (!bytes) return wrong("\"d\" is not base64, which \"t\":\"binary\" asks for");
  return Message::make(Kind::binary, *bytes);
}

}  // namespace

Result<PublishParameters> publish_parameters(const json::Value& object) {
  if (const Status known = only_known(object); !known) return known.error();
  const auto channel = text_field(object, "c");
  if (!channel) return channel.error();
  if (!valid_channel(*channel))
    return wrong("\"c\" is no channel; must be 1 to 255 bytes of UTF-8 without control characters");
  auto message = message_of(object);
  if (!message) return message.error();
  return PublishParameters{std::string(*channel), *message};
}

Result<SendParameters> send_parameters(const json::Value& object) {
  if (const Status known = only_known(object); !known) return known.error();
  const json::Value* client = json::member(object, "c");
  std::optional<ClientId> id;
  if (client && client->IsNumber()) {
    if (client->IsInt64() && client->GetInt64() >= 0) id = ClientId(static_cast<std::uint64_t>(client->GetInt64()));
  } else {
    const auto text = text_field(object, "c");
    if (!text) return text.error();
    id = ClientId::parse(*text);
  }
  if (!id) return wrong("\"c\" is no client id; must be a decimal string up to 9223372036854775807");
  auto message = message_of(object);
  if (!message) return message.error();
  return SendParameters{*id, *message};
}

}  // namespace dunlin
