// SPDX-License-Identifier: Apache-2.0
// What the loader does with YAML nodes: faults with their place, the JSON of a settings object, environment variables.
#pragma once

#include <yaml-cpp/yaml.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"

namespace dunlin {

// Collects faults, each as `file:line:column: key: what`.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}
  void add(Place place, std::string_view key, std::string_view what);
  void add(const YAML::Node& node, std::string_view key, std::string_view what);
  bool empty() const { return lines_.empty(); }
  std::string text() const;  // one a line
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

Place place_of(const YAML::Node& node);
const char* kind_of(const YAML::Node& node);  // "a list", "a map", "a value", "nothing"

// The scalar's text with ${NAME} replaced by the environment's; $${ stands for ${.
std::string expanded(const YAML::Node& scalar, std::string_view key, Faults& faults);

// The node as JSON (YAML 1.2 core schema: quoted scalars are strings; integers keep every digit), and where each value
// stands. `skip`: keys of the top-level map that are left out.
std::string to_json(const YAML::Node& node, std::string_view key, Places& places, Faults& faults,
                    const std::vector<std::string>& skip = {});

// `unknown key "lsteners"; did you mean "listeners"?`
std::string unknown_key(const std::string& key, const std::vector<std::string>& known);

}  // namespace dunlin
