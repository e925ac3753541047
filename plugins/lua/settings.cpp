// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/settings.h"

#include <rapidjson/document.h>

#include <filesystem>

#include "plugins/lua/host.h"

namespace dunlin::lua {
namespace {

std::string absolute(std::string_view directory, std::string_view path) {
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

std::string_view text_of(const rapidjson::Value& value) { return {value.GetString(), value.GetStringLength()}; }

template <class T>
bool take(std::optional<std::int64_t> amount, T& out) {
  if (amount) out = static_cast<T>(*amount);
  return amount.has_value();
}

bool read_budget(const rapidjson::Value& json, Budget& out, Fault& fault) {
  if (json.HasMember("instructions")) out.instructions = json["instructions"].GetInt64();
  if (json.HasMember("time") && !take(plugin::parse_duration(text_of(json["time"])), out.time_ms)) {
    fault = {"/budget/time", "a duration such as 500ms or 2s is wanted"};
    return false;
  }
  if (json.HasMember("memory") && !take(plugin::parse_size(text_of(json["memory"])), out.memory)) {
    fault = {"/budget/memory", "a size such as 32MiB is wanted"};
    return false;
  }
  if (json.HasMember("state") && !take(plugin::parse_size(text_of(json["state"])), out.state)) {
    fault = {"/budget/state", "a size such as 64MiB is wanted"};
    return false;
  }
  if (out.state != 0 && out.state < 1024 * 1024) {
    fault = {"/budget/state", "a Lua state needs at least 1MiB"};
    return false;
  }
  return true;
}

}  // namespace

bool ReloadNotes::first(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (last_ == text) return false;
  last_ = text;
  return true;
}

const char kSettingsSchema[] = R"({
  "$schema": "http://json-schema.org/draft-04/schema#",
  "type": "object",
  "additionalProperties": false,
  "required": ["entry"],
  "properties": {
    "entry": {"type": "string", "minLength": 1},
    "path": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "reload": {"type": "string"},
    "allow_io": {"type": "boolean"},
    "shared": {"type": "string"},
    "http": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"private_addresses": {"enum": ["allow", "deny"]}}
    },
    "redis": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"push": {"enum": ["data", "event"]}}
    },
    "budget": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "instructions": {"type": "integer", "minimum": 0},
        "time": {"type": "string"},
        "memory": {"type": "string"},
        "state": {"type": "string"}
      }
    }
  }
})";

bool read_settings(std::string_view json, std::string_view directory, Settings& out, Fault& fault) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject() || !document.HasMember("entry")) {
    fault = {"", "an object with `entry`, the script's file, is wanted"};
    return false;
  }
  out.entry = text_of(document["entry"]);
  out.file = absolute(directory, out.entry);
  out.folders = {std::filesystem::path(out.file).parent_path().string()};
  if (document.HasMember("path")) {
    for (const auto& folder : document["path"].GetArray()) out.folders.push_back(absolute(directory, text_of(folder)));
  }
  if (document.HasMember("reload") && !take(plugin::parse_duration(text_of(document["reload"])), out.reload_ms)) {
    fault = {"/reload", "a duration such as 1s is wanted; 0s turns reloading off"};
    return false;
  }
  if (document.HasMember("allow_io")) out.allow_io = document["allow_io"].GetBool();
  if (document.HasMember("http") && document["http"].HasMember("private_addresses")) {
    out.deny_private = text_of(document["http"]["private_addresses"]) == "deny";
  }
  if (document.HasMember("redis") && document["redis"].HasMember("push")) {
    out.push_events = text_of(document["redis"]["push"]) == "event";
  }
  std::uint64_t shared = SharedStore::kDefaultLimit;
  if (document.HasMember("shared") && !take(plugin::parse_size(text_of(document["shared"])), shared)) {
    fault = {"/shared", "a size such as 16MiB is wanted"};
    return false;
  }
  out.shared.set_limit(shared);
  return !document.HasMember("budget") || read_budget(document["budget"], out.budget, fault);
}

}  // namespace dunlin::lua
