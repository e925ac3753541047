// SPDX-License-Identifier: Apache-2.0
// JSON by RapidJSON: integers up to 64 bits keep every digit (docs/decisions/0002), text is checked to be UTF-8.
#pragma once

#include <rapidjson/document.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dunlin::json {

using Value = rapidjson::Value;

// A parsed text: its root, and the memory of all its values and strings, which is one block as long as the text is short.
class Document : public Value {
 public:
  using Allocator = rapidjson::MemoryPoolAllocator<>;

  // For `text` bytes of text.
  explicit Document(std::size_t text);
  // What is added to it is made of this.
  Allocator& allocator() { return *memory_; }

 private:
  struct Release {
    void operator()(Allocator* memory) const noexcept;
  };
  std::unique_ptr<Allocator, Release> memory_;
};

// The error says what and at which byte: `Missing a comma or } after an object member. at byte 17`.
// 512 levels are all that it takes, so that no input exhausts the stack, of whoever prints it again neither.
Result<Document> parse(std::string_view text);

// Is it one JSON value and nothing else?
bool valid(std::string_view text);

std::string print(const Value& value);

// The text as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD: the result is always valid JSON.
std::string quote(std::string_view text);

// A member of an object, or nullptr. REQUIRES: object.IsObject()
const Value* member(const Value& object, std::string_view name);

inline std::string_view text_of(const Value& string) { return {string.GetString(), string.GetStringLength()}; }

}  // namespace dunlin::json

namespace dunlin {

// Is it UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF)?
bool is_utf8(std::string_view text);

}  // namespace dunlin
