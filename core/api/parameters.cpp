// SPDX-License-Identifier: Apache-2.0
#include "core/api/parameters.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/api/members.h"
#include "core/base/base64.h"
#include "core/base/channel_name.h"

namespace dunlin {
namespace {

Error wrong(std::string why) { return fail(Errc::bad_input, std::move(why)); }

// "d" and "t".
Result<MessageRef> message_of(const Member& d, const Member& t) {
  const auto data = text_of(d);
  if (!data) return data.error();
  std::string_view type = "text";
  if (t.given()) {
    const auto given = text_of(t);
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

// A 63-bit number, as an integer or as its digits.
std::optional<std::uint64_t> number_of(const json::Value& value) {
  if (value.IsInt64() && value.GetInt64() >= 0) return static_cast<std::uint64_t>(value.GetInt64());
  if (!value.IsString()) return std::nullopt;
  const auto id = ClientId::parse(json::text_of(value));
  return id ? std::optional(id->value()) : std::nullopt;
}

// "c"
Result<ClientId> client_of(const Member& c) {
  if (!c.value || (!c.value->IsNumber() && !c.value->IsString())) return text_of(c).error();
  const auto id = number_of(*c.value);
  if (!id) return wrong("\"c\" is no client id; must be a decimal string up to 9223372036854775807");
  return ClientId(*id);
}

constexpr const char* kBadChannel = "no channel; must be 1 to 255 bytes of UTF-8 without control characters";

// Topics are named as channels are.
Result<std::string> topic_of(const json::Value& value) {
  if (!value.IsString()) return wrong(fmt::format("a topic is {}; must be a string", kind_of(value)));
  if (!valid_channel(json::text_of(value)))
    return wrong("no topic; must be 1 to 255 bytes of UTF-8 without control characters");
  return std::string(json::text_of(value));
}

using Arguments = std::vector<std::string>;

Result<Arguments> key_and_value(const json::Value& a) {
  if (a.Size() != 2 || !a[0].IsString()) return wrong("set_context_value needs a key (a string) and a value");
  return Arguments{std::string(json::text_of(a[0])), json::print(a[1])};
}

// PHP writes an empty map as [].
Result<Arguments> whole_context(const json::Value& a) {
  if (a.Size() != 1 || !(a[0].IsObject() || (a[0].IsArray() && a[0].Empty()))) return wrong("set_context needs one object");
  return Arguments{a[0].IsObject() ? json::print(a[0]) : "{}"};
}

Result<Arguments> channels(const json::Value& a) {
  if (a.Empty()) return wrong("\"a\" names no channel");
  Arguments out;
  for (const json::Value& one : a.GetArray()) {
    if (!one.IsString()) return wrong(fmt::format("a channel is {}; must be a string", kind_of(one)));
    if (!valid_channel(json::text_of(one))) return wrong(kBadChannel);
    out.emplace_back(json::text_of(one));
  }
  return out;
}

Result<Arguments> code_and_reason(const json::Value& a) {
  constexpr std::size_t kMaxReason = 123;  // a control frame's payload is 125 bytes, 2 of them the code
  if (a.Empty()) return Arguments{"1000", ""};
  const auto code = a[0].IsInt() ? a[0].GetInt() : 0;
  if (a.Size() > 2 || !(code == 1000 || (code >= 3000 && code <= 4999)))
    return wrong("close takes a code (1000, or 3000 to 4999) and a reason");
  if (a.Size() == 1) return Arguments{std::to_string(code), ""};
  if (!a[1].IsString() || a[1].GetStringLength() > kMaxReason || !is_utf8(json::text_of(a[1])))
    return wrong("the reason to close must be a string of at most 123 bytes");
  return Arguments{std::to_string(code), std::string(json::text_of(a[1]))};
}

Result<Arguments> key_or_nothing(const json::Value& a) {
  if (a.Empty()) return Arguments{};
  if (a.Size() > 1 || !a[0].IsString()) return wrong("context takes a key (a string), or nothing");
  return Arguments{std::string(json::text_of(a[0]))};
}

struct FunctionRow {
  std::string_view name;
  ConnCall::Function function;
  Result<Arguments> (*arguments)(const json::Value& list);
};

constexpr FunctionRow kFunctions[] = {
    {"set_context_value", ConnCall::Function::set_context_value, key_and_value},
    {"set_context", ConnCall::Function::set_context, whole_context},
    {"subscribe", ConnCall::Function::subscribe, channels},
    {"unsubscribe", ConnCall::Function::unsubscribe, channels},
    {"close", ConnCall::Function::close, code_and_reason},
    {"context", ConnCall::Function::context, key_or_nothing},
};

}  // namespace

Result<PublishParameters> publish_parameters(const json::Value& object, Counters& counters) {
  Member c{"c"}, d{"d"}, t{"t"}, wait{"wait"};
  if (const Status sound = find_members(object, {&c, &d, &t, &wait}, counters); !sound) return sound.error();
  const auto channel = text_of(c);
  if (!channel) return channel.error();
  if (!valid_channel(*channel)) return wrong(fmt::format("\"c\" is {}", kBadChannel));
  auto message = message_of(d, t);
  if (!message) return message.error();
  bool wait_here = false;
  if (wait.given()) {
    const auto who = text_of(wait);
    if (!who) return who.error();
    wait_here = *who == "local";
    if (!wait_here && *who != "all") return wrong(fmt::format("\"wait\" is {}; must be \"all\" or \"local\"", json::quote(*who)));
  }
  return PublishParameters{*channel, std::move(*message), wait_here};
}

Result<SendParameters> send_parameters(const json::Value& object, Counters& counters) {
  Member c{"c"}, d{"d"}, t{"t"};
  if (const Status sound = find_members(object, {&c, &d, &t}, counters); !sound) return sound.error();
  const auto id = client_of(c);
  if (!id) return id.error();
  auto message = message_of(d, t);
  if (!message) return message.error();
  return SendParameters{*id, std::move(*message)};
}

Result<CallParameters> call_parameters(const json::Value& object, Counters& counters) {
  Member c{"c"}, f{"f"}, a{"a"};
  if (const Status sound = find_members(object, {&c, &f, &a}, counters); !sound) return sound.error();
  const auto id = client_of(c);
  if (!id) return id.error();
  const auto name = text_of(f);
  if (!name) return name.error();
  const auto row = std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const auto& one) { return one.name == *name; });
  if (row == std::end(kFunctions)) {
    std::vector<std::string_view> names;
    for (const FunctionRow& one : kFunctions) names.push_back(one.name);
    return wrong(fmt::format("\"f\" is {}; must be one of {}", json::quote(*name), fmt::join(names, ", ")));
  }
  const json::Value none(rapidjson::kArrayType);
  if (a.given() && !a.value->IsArray()) return wrong(fmt::format("\"a\" is {}; must be an array", kind_of(*a.value)));
  auto arguments = row->arguments(a.given() ? *a.value : none);
  if (!arguments) return arguments.error();
  return CallParameters{*id, {row->function, std::move(*arguments)}};
}

Result<PushParameters> push_parameters(const json::Value& object, Counters& counters) {
  Member t{"t"}, d{"d"};
  if (const Status sound = find_members(object, {&t, &d}, counters); !sound) return sound.error();
  if (!t.value) return text_of(t).error();
  auto topic = topic_of(*t.value);
  if (!topic) return topic.error();
  const auto data = text_of(d);
  if (!data) return data.error();
  if (!is_utf8(*data)) return wrong("\"d\" is not UTF-8");
  return PushParameters{std::move(*topic), std::string(*data)};
}

Result<PopParameters> pop_parameters(const json::Value& value, Counters& counters) {
  PopParameters out;
  Member t{"t", &value}, ack{"ack"};
  if (!value.IsArray()) {
    t.value = nullptr;
    if (const Status sound = find_members(value, {&t, &ack}, counters); !sound) return sound.error();
    if (!t.value) return text_of(t).error();
    if (!t.value->IsArray()) return wrong(fmt::format("\"t\" is {}; must be a list of topics", kind_of(*t.value)));
  }
  if (ack.given()) {
    if (!ack.value->IsBool()) return wrong(fmt::format("\"ack\" is {}; must be true or false", kind_of(*ack.value)));
    out.ack = ack.value->GetBool();
  }
  if (t.value->Empty()) return wrong("no topic is named");
  std::unordered_set<std::string> seen;
  for (const json::Value& one : t.value->GetArray()) {
    auto topic = topic_of(one);
    if (!topic) return topic.error();
    if (seen.insert(*topic).second) out.topics.push_back(std::move(*topic));
  }
  return out;
}

Result<std::vector<std::uint64_t>> ack_parameters(const json::Value& object, Counters& counters) {
  Member ids{"id"};
  if (const Status sound = find_members(object, {&ids}, counters); !sound) return sound.error();
  if (!ids.value) return text_of(ids).error();
  std::vector<std::uint64_t> out;
  const auto add = [&](const json::Value& one) {
    const auto id = number_of(one);
    if (id) out.push_back(*id);
    return id.has_value();
  };
  bool sound = true;
  if (ids.value->IsArray())
    for (const json::Value& one : ids.value->GetArray()) sound = sound && add(one);
  else
    sound = add(*ids.value);
  if (!sound || out.empty()) return wrong("\"id\" must be the id of a message that came, or a list of such ids");
  return out;
}

}  // namespace dunlin
