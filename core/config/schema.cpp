// SPDX-License-Identifier: Apache-2.0
// Settings of modules against their JSON Schema, in words and with the place in the YAML file.
#include <algorithm>

#include <rapidjson/pointer.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/base/json.h"
#include "core/config/loader.h"
#include "core/config/yaml.h"

namespace dunlin {
namespace {

using Pointer = rapidjson::Pointer;

std::string text_of_pointer(const Pointer& pointer) {
  rapidjson::StringBuffer buffer;
  pointer.Stringify(buffer);
  return {buffer.GetString(), buffer.GetSize()};
}

Place place_at(const ModuleUse& use, std::string pointer) {
  for (;;) {
    if (const auto found = use.places->find(pointer); found != use.places->end() && found->second.line > 0)
      return found->second;
    if (pointer.empty()) return use.place;
    pointer.resize(pointer.rfind('/'));
  }
}

std::string dotted(const ModuleUse& use, const std::string& pointer) {
  std::string out = "modules." + use.module;
  for (const char c : pointer) out += c == '/' ? '.' : c;
  return out;
}

const char* type_name(const json::Value& value) {
  return value.IsString()   ? "a text"
         : value.IsBool()   ? "true or false"
         : value.IsNumber() ? "a number"
         : value.IsArray()  ? "a list"
         : value.IsObject() ? "a map"
                            : "empty";
}

std::vector<std::string> members(const json::Value* object) {
  std::vector<std::string> names;
  if (object && object->IsObject())
    for (const auto& member : object->GetObject()) names.emplace_back(json::text_of(member.name));
  return names;
}

// What the schema says about a keyword, as JSON: `["string"]`, `1`, `"^[a-z]+$"`.
std::string rule(const json::Value* schema, const char* keyword) {
  const json::Value* value = schema && schema->IsObject() ? json::member(*schema, keyword) : nullptr;
  return value ? json::print(*value) : "something else";
}

std::string in_words(const std::string& keyword, const json::Value& value, const json::Value* schema) {
  if (keyword == "type") return fmt::format("is {}; must be of type {}", type_name(value), rule(schema, "type"));
  if (keyword == "enum") return fmt::format("is {}; must be one of {}", json::print(value), rule(schema, "enum"));
  if (keyword == "required") {
    std::vector<std::string> missing;
    if (const json::Value* required = json::member(*schema, "required"))
      for (const auto& name : required->GetArray())
        if (!json::member(value, json::text_of(name))) missing.push_back(fmt::format("`{}`", json::text_of(name)));
    return fmt::format("needs {}", fmt::join(missing, " and "));
  }
  return fmt::format("is {}; {} must be {}", json::print(value), keyword, rule(schema, keyword.c_str()));
}

// RapidJSON stops at the first fault; unknown keys are looked for besides, so that each is named.
void unknown_members(const json::Value& value, const json::Value* schema, const std::string& pointer, const std::string& file,
                     const ModuleUse& use, std::vector<std::string>& out) {
  const json::Value* more = schema && schema->IsObject() ? json::member(*schema, "additionalProperties") : nullptr;
  if (!more || !more->IsFalse() || !value.IsObject()) return;
  const std::vector<std::string> known = members(json::member(*schema, "properties"));
  for (const auto& member : value.GetObject()) {
    const std::string name(json::text_of(member.name));
    if (std::find(known.begin(), known.end(), name) == known.end())
      out.push_back(settings_fault(file, use, pointer + "/" + name, unknown_key(name, known)));
  }
}

}  // namespace

std::string settings_fault(const std::string& file, const ModuleUse& use, const std::string& pointer,
                           const std::string& what) {
  const Place place = place_at(use, pointer);
  return fmt::format("{}:{}:{}: {}: {}", file, place.line, place.column, dotted(use, pointer), what);
}

std::vector<std::string> check_settings(const std::string& file, const ModuleUse& use, const char* schema_text) {
  std::vector<std::string> out;
  if (!schema_text) return out;
  const auto schema_json = json::parse(schema_text);
  const auto settings = json::parse(use.settings);
  if (!schema_json) return {settings_fault(file, use, "", "the module's own schema is no JSON: " + schema_json.error().why)};
  if (!schema_json->IsObject()) return {settings_fault(file, use, "", "the module's own schema is no JSON object")};
  CHECK(settings.has_value());
  const rapidjson::SchemaDocument schema(*schema_json);
  rapidjson::SchemaValidator validator(schema);
  if (settings->Accept(validator)) return out;
  const std::string pointer = text_of_pointer(validator.GetInvalidDocumentPointer());
  const json::Value* value = Pointer(pointer.c_str()).Get(*settings);
  const json::Value* rules = validator.GetInvalidSchemaPointer().Get(*schema_json);
  unknown_members(*settings, &*schema_json, "", file, use, out);
  const std::string keyword = validator.GetInvalidSchemaKeyword();
  if (keyword != "additionalProperties" || out.empty())
    out.push_back(settings_fault(file, use, pointer, value && rules ? in_words(keyword, *value, rules) : "breaks rule " + keyword));
  return out;
}

}  // namespace dunlin
