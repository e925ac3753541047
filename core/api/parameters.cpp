// SPDX-License-Identifier: Apache-2.0
#include "core/api/parameters.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include <fmt/format.h>

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

Status only_known(const json::Value& object) {
  if (!object.IsObject()) return wrong(fmt::format("the body is {}; must be an object", kind_of(object)));
  for (const auto& member : object.GetObject()) {
    const std::string_view name = json::text_of(member.name);
    if (name != "c" && name != "d" && name != "t") return wrong(fmt::format("unknown field {}; known are c, d, t", json::quote(name)));
  }
  return ok();
}

Result<std::string_view> text_field(const json::Value& object, const char* name) {
  const json::Value* value = json::member(object, name);
  if (!value) return wrong(fmt::format("\"{}\" is missing", name));
  if (!value->IsString()) return wrong(fmt::format("\"{}\" is {}; must be a string", name, kind_of(*value)));
  return json::text_of(*value);
}

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.substr(0, text.size() - padding).find_first_not_of(kAlphabet) != std::string_view::npos) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// "d" and "t". JSON text is UTF-8 by the parser's check.
Result<MessageRef> message_of(const json::Value& object) {
  const auto data = text_field(object, "d");
  if (!data) return data.error();
  std::string_view type = "text";
  if (json::member(object, "t")) {
    const auto given = text_field(object, "t");
    if (!given) return given.error();
    type = *given;
  }
  if (type == "text") return Message::make(Kind::text, *data);
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
  if (!valid_channel(*channel)) return wrong("\"c\" is no channel; must be 1 to 255 bytes without control characters");
  auto message = message_of(object);
  if (!message) return message.error();
  return PublishParameters{std::string(*channel), *message};
}

Result<SendParameters> send_parameters(const json::Value& object) {
  if (const Status known = only_known(object); !known) return known.error();
  const json::Value* client = json::member(object, "c");
  std::optional<ClientId> id;
  if (client && client->IsInt64() && client->GetInt64() >= 0) {
    id = ClientId(static_cast<std::uint64_t>(client->GetInt64()));
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
