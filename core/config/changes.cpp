// SPDX-License-Identifier: Apache-2.0
#include "core/config/changes.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/config/keys.h"
#include "core/config/loader.h"

namespace dunlin {
namespace {

// What a reload puts in force. Everything below a key goes with it.
constexpr std::string_view kReloadable[] = {
    "modules",
    "plugins",
    "log",
    "shutdown",
    "filters",
    "api.routes",
    "listeners[].auth",
    "listeners[].guards",
    "listeners[].router",
    "listeners[].options",
    "listeners[].limits",
    "api.access",
    "listeners[].endpoints[].auth",
    "listeners[].endpoints[].guards",
    "listeners[].endpoints[].router",
    "listeners[].endpoints[].options",
    "listeners[].endpoints[].limits",
    "listeners[].endpoints[].compression",
    "listeners[].endpoints[].login",
    "listeners[].endpoints[].origins",
    "listeners[].endpoints[].headers",
};

// "listeners[0].bind" is of the kind "listeners[].bind".
std::string kind_of_key(const std::string& key) {
  std::string kind;
  for (const char c : key)
    if (c < '0' || c > '9' || !kind.ends_with('[')) kind += c;
  return kind;
}

bool reloadable(const std::string& key) {
  const std::string kind = kind_of_key(key);
  return std::find(std::begin(kReloadable), std::end(kReloadable), kind) != std::end(kReloadable);
}

struct Collector {
  std::map<std::string, FixedValue>& out;
  Faults& faults;

  void collect(const YAML::Node& node, const std::string& key) {
    if (reloadable(key)) return;
    if (node.IsMap()) {
      for (const auto& member : node)
        collect(member.second, key.empty() ? member.first.Scalar() : key + "." + member.first.Scalar());
    } else if (node.IsSequence()) {
      for (std::size_t i = 0; i < node.size(); ++i) collect(node[i], fmt::format("{}[{}]", key, i));
    } else if (node.IsScalar()) {
      out[key] = {expanded(node, key, faults), fallback_of(kind_of_key(key)), place_of(node)};
    }
  }
};

const std::string& value_of(const std::map<std::string, FixedValue>& values, const std::string& key,
                            const FixedValue& other) {
  const auto found = values.find(key);
  return found == values.end() ? other.fallback : found->second.text;
}

std::string line(const Config& wanted, const std::string& key, Place place) {
  return fmt::format("{}:{}:{}: {}: cannot change while the server runs; a restart is needed", wanted.file, place.line,
                     place.column, key);
}

}  // namespace

std::map<std::string, FixedValue> fixed_values(const YAML::Node& root, Faults& faults) {
  std::map<std::string, FixedValue> out;
  Collector{out, faults}.collect(root, "");
  return out;
}

std::vector<std::string> restart_needed(const Config& running, const Config& wanted) {
  std::vector<std::string> out;
  for (const auto& [key, value] : wanted.fixed)
    if (value_of(running.fixed, key, value) != value.text) out.push_back(line(wanted, key, value.place));
  for (const auto& [key, value] : running.fixed)
    if (!wanted.fixed.contains(key) && value.fallback != value.text) out.push_back(line(wanted, key, {1, 1}));
  return out;
}

}  // namespace dunlin
