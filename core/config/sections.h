// SPDX-License-Identifier: Apache-2.0
// What the tables of keys have in common: a map is read by its rows, and docs/configuration.md shows them.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/config/keys.h"
#include "core/config/loader.h"

namespace dunlin {

template <class Target>
struct Key {
  const char *name, *kind, *fallback, *doc;
  void (*read)(Reading&, const YAML::Node&, Target&);
};

// Reads each member of a map by its row; unknown and repeated keys are faults.
template <class Target>
void read_section(Reading& reading, const YAML::Node& node, std::span<const Key<Target>> keys, Target& target) {
  if (node.IsNull()) return;
  if (!node.IsMap()) return reading.fault(node, fmt::format("is {}; must be a map", kind_of(node)));
  const std::string outer = reading.key;
  std::vector<std::string> seen;
  // In the order of the rows, so that `modules` is known before the endpoints that name them.
  for (const auto& key : keys)
    for (const auto& member : node) {
      if (!member.first.IsScalar() || member.first.Scalar() != key.name) continue;
      reading.key = outer.empty() ? key.name : outer + "." + key.name;
      if (std::find(seen.begin(), seen.end(), key.name) != seen.end()) reading.fault(member.first, "is given twice");
      seen.emplace_back(key.name);
      key.read(reading, member.second, target);
    }
  reading.key = outer;
  for (const auto& member : node) {
    const std::string name = member.first.IsScalar() ? member.first.Scalar() : "(not a text)";
    std::vector<std::string> known;
    for (const auto& key : keys) known.emplace_back(key.name);
    if (std::find(known.begin(), known.end(), name) == known.end())
      reading.fault(member.first, unknown_key(name, known));
  }
}

// One of a few words.
template <class Choice>
void choose(Reading& r, const YAML::Node& node, std::initializer_list<std::pair<const char*, Choice>> choices, Choice& out) {
  std::string value;
  if (!r.text(node, value)) return;
  std::vector<std::string> names;
  for (const auto& [name, choice] : choices) {
    if (value == name) {
      out = choice;
      return;
    }
    names.emplace_back(name);
  }
  r.fault(node, fmt::format("is \"{}\"; must be {}", value, fmt::join(names, " or ")));
}

// As docs/configuration.md has them.
template <class Target>
std::string rows(const char* prefix, std::span<const Key<Target>> keys) {
  std::string out;
  for (const auto& key : keys)
    if (*key.doc)
      out += fmt::format("| `{}{}` | {} | {} | {} |\n", prefix, key.name, key.kind,
                         *key.fallback ? fmt::format("`{}`", key.fallback) : "", key.doc);
  return out;
}

// "": no row has this name.
template <class Target>
const char* fallback_in(const char* prefix, std::span<const Key<Target>> keys, const std::string& wanted) {
  for (const auto& key : keys)
    if (prefix + std::string(key.name) == wanted) return key.fallback;
  return "";
}

}  // namespace dunlin
