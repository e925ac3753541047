// SPDX-License-Identifier: Apache-2.0
#include "core/api/members.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dunlin {

const char* kind_of(const json::Value& value) {
  return value.IsString()   ? "a string"
         : value.IsNumber() ? "a number"
         : value.IsBool()   ? "true or false"
         : value.IsArray()  ? "an array"
         : value.IsObject() ? "an object"
                            : "null";
}

Status find_members(const json::Value& object, std::initializer_list<Member*> members, Counters& counters) {
  if (!object.IsObject()) return fail(Errc::bad_input, fmt::format("the body is {}; must be an object", kind_of(object)));
  std::string_view twice;
  for (const auto& member : object.GetObject()) {
    const std::string_view name = json::text_of(member.name);
    const auto known = std::find_if(members.begin(), members.end(), [&](const Member* one) { return one->name == name; });
    if (known == members.end()) {
      counters.add(Counter::unknown_fields);
    } else if (std::exchange((*known)->value, &member.value)) {
      twice = name;
    }
  }
  if (twice.empty()) return ok();
  return fail(Errc::bad_input, fmt::format("\"{}\" is given twice", twice));
}

Result<std::string_view> text_of(const Member& member) {
  if (!member.value) return fail(Errc::bad_input, fmt::format("\"{}\" is missing", member.name));
  if (!member.value->IsString())
    return fail(Errc::bad_input, fmt::format("\"{}\" is {}; must be a string", member.name, kind_of(*member.value)));
  return json::text_of(*member.value);
}

}  // namespace dunlin
