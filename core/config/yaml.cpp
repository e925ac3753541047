// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>

#include "core/base/json.h"

namespace dunlin {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value) && json::valid(text);
}

// A plain scalar of the YAML 1.2 core schema.
std::string scalar_json(const YAML::Node& node, const std::string& text) {
  const bool quoted = node.Tag() == "!";
  if (!quoted) {
    if (text.empty() || text == "null" || text == "~") return "null";
    if (text == "true" || text == "false") return text;
    if (is_integer(text) || is_number(text)) return text;
  }
  return json::quote(text);
}

std::string escaped(const std::string& key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

struct Converter {
  std::string_view key;
  Places& places;
  Faults& faults;

  std::string convert(const YAML::Node& node, const std::string& pointer, const std::vector<std::string>& skip) {
    places[pointer] = place_of(node);
    if (node.IsMap()) return map(node, pointer, skip);
    if (node.IsSequence()) return list(node, pointer);
    if (!node.IsScalar()) return "null";
    return scalar_json(node, expanded(node, key, faults));
  }

  std::string map(const YAML::Node& node, const std::string& pointer, const std::vector<std::string>& skip) {
    std::string out = "{";
    std::vector<std::string> seen;
    for (const auto& member : node) {
      const std::string name = member.first.Scalar();
      if (std::find(skip.begin(), skip.end(), name) != skip.end()) continue;
      if (std::find(seen.begin(), seen.end(), name) != seen.end())
        faults.add(member.first, key, fmt::format("key \"{}\" is given twice", name));
      seen.push_back(name);
      if (out.size() > 1) out += ',';
      out += json::quote(name) + ":" + convert(member.second, pointer + "/" + escaped(name), {});
    }
    return out + "}";
  }

  std::string list(const YAML::Node& node, const std::string& pointer) {
    std::string out = "[";
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (i > 0) out += ',';
      out += convert(node[i], pointer + "/" + std::to_string(i), {});
    }
    return out + "]";
  }
};

}  // namespace

void Faults::add(Place place, std::string_view key, std::string_view what) {
  lines_.push_back(fmt::format("{}:{}:{}: {}{}{}", file_, place.line, place.column, key, key.empty() ? "" : ": ", what));
}

void Faults::add(const YAML::Node& node, std::string_view key, std::string_view what) { add(place_of(node), key, what); }

std::string Faults::text() const { return fmt::format("{}", fmt::join(lines_, "\n")); }

Place place_of(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1};
}

const char* kind_of(const YAML::Node& node) {
  return node.IsMap() ? "a map" : node.IsSequence() ? "a list" : node.IsScalar() ? "a value" : "nothing";
}

std::string expanded(const YAML::Node& scalar, std::string_view key, Faults& faults) {
  const std::string& text = scalar.Scalar();
  if (!is_utf8(text)) faults.add(scalar, key, "is not UTF-8");
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      out += "${";
      at += 3;
      continue;
    }
    const std::size_t end = text.compare(at, 2, "${") == 0 ? text.find('}', at) : std::string::npos;
    if (end == std::string::npos) {
      out += text[at++];
      continue;
    }
    const std::string name = text.substr(at + 2, end - at - 2);
    const char* value = std::getenv(name.c_str());
    if (!value)
      faults.add(scalar, key, fmt::format("the environment has no {0}; set it, or write $${{{0}}} for the text itself", name));
    out += value ? value : "";
    at = end + 1;
  }
  return out;
}

std::string to_json(const YAML::Node& node, std::string_view key, Places& places, Faults& faults,
                    const std::vector<std::string>& skip) {
  return Converter{key, places, faults}.convert(node, "", skip);
}

std::string unknown_key(const std::string& key, const std::vector<std::string>& known) {
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return edit_distance(key, a) < edit_distance(key, b);
  });
  if (nearest != known.end() && edit_distance(key, *nearest) <= std::max<std::size_t>(1, key.size() / 3))
    return fmt::format("unknown key \"{}\"; did you mean \"{}\"?", key, *nearest);
  if (known.empty()) return fmt::format("unknown key \"{}\"; there are none here", key);
  return fmt::format("unknown key \"{}\"; known are {}", key, fmt::join(known, ", "));
}

}  // namespace dunlin
