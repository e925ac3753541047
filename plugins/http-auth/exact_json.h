// SPDX-License-Identifier: Apache-2.0
// JSON in which a number stays the text it came as: a 64-bit uid, and whatever a backend puts into the context, keeps
// every digit. Nesting is bounded, so that no reply exhausts the stack.
#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::http_auth {

// A field's place: its names from the root. In a list, a name is the decimal index.
using Path = std::vector<std::string>;

// "data.user.id", or a JSON Pointer where it starts with a slash ("/data/user.id"). Nothing: it has an empty name.
std::optional<Path> parse_path(std::string_view text);

enum class Kind { null, boolean, number, string, array, object };

class ExactJson {
 public:
  // A value inside an ExactJson; lives as long as that.
  using Value = rapidjson::Value;

  // Nothing: it is not one JSON value, not UTF-8, or nested deeper than 64.
  static std::optional<ExactJson> parse(std::string_view text);

  const Value& root() const { return document_; }

  // nullptr: there is no such field.
  const Value* find(const Path& path) const;

  static Kind kind(const Value& value);
  // REQUIRES: kind(value) is number (its text as it came) or string (what it says).
  static std::string_view text(const Value& value);
  // JSON text, numbers as they came.
  static std::string print(const Value& value);

 private:
  ExactJson() = default;

  // Every number and string is held as a string with a mark in front that tells which it is; names are not marked.
  rapidjson::Document document_;
};

// The text as a JSON string, quotes included. REQUIRES: is_utf8(text)
std::string quote(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace dunlin::http_auth
