// SPDX-License-Identifier: Apache-2.0
// The members of a JSON object that somebody sent, found in one walk through it.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/base/json.h"
#include "core/base/metrics.h"
#include "core/base/result.h"

namespace dunlin {

struct Member {
  std::string_view name;
  const json::Value* value = nullptr;  // nullptr: it is not there

  // It is there, and not null, which many a serializer writes for what is left out.
  bool given() const { return value && !value->IsNull(); }
};

// Fails for what is no object, and for one that has one of `members` twice: which of two would be meant is anybody's guess
// (all are found then, too). Others are passed over, since clients add some for themselves, and counted.
Status find_members(const json::Value& object, std::initializer_list<Member*> members, Counters& counters);

// The string that must be there.
Result<std::string_view> text_of(const Member& member);

// "a string", "an object", … for what is said of a value that should have been another.
const char* kind_of(const json::Value& value);

}  // namespace dunlin
