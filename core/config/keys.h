// SPDX-License-Identifier: Apache-2.0
// The keys of dunlin.yaml: one row each, from which the loader and docs/configuration.md come.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/yaml.h"

namespace dunlin {

// What a row's reader works with.
struct Reading {
  Config& config;
  Faults& faults;
  std::string key;  // the dotted name of what is being read, for faults

  void fault(const YAML::Node& node, std::string_view what) const { faults.add(node, key, what); }
  bool text(const YAML::Node& node, std::string& out) const;
  bool duration(const YAML::Node& node, Millis& out) const;
  bool size(const YAML::Node& node, std::uint64_t& out) const;
  bool number(const YAML::Node& node, std::uint32_t& out, std::uint32_t least, std::uint32_t most) const;
  bool bind(const YAML::Node& node, Bind& out) const;
  bool texts(const YAML::Node& node, std::vector<std::string>& out) const;
  // Relative to the configuration file's folder; must exist.
  bool existing_path(const YAML::Node& node, std::string& out) const;
  // `more`: keys that are the reader's besides `module`, `on_error`, `deadline` and `isolation`, and no settings.
  bool module_use(const YAML::Node& node, ModuleUse& out, bool auth, const std::vector<std::string>& more = {}) const;
  // A list of what runs in the server itself, always. `chain`: entries may have `on_error`.
  void modules(const YAML::Node& node, bool chain, std::vector<ModuleUse>& out) const;
  bool inside(const YAML::Node& node, const ModuleUse& use) const;
  // `{module: NAME, percent: 5, shadow: true, …its own settings}`
  void canary(const YAML::Node& node, ModuleUse& of) const;
};

// What holds where "listeners[].protocol" is not written; "": nothing, or there is no such key.
std::string fallback_of(const std::string& key);

// The tables of other files than keys.cpp: reading, rows of the docs, fallbacks.
void read_listeners(Reading& reading, const YAML::Node& node, Config& config);
std::string listener_rows();
const char* listener_fallback(const std::string& key);
void read_mesh(Reading& reading, const YAML::Node& node, Config& config);
void read_queue(Reading& reading, const YAML::Node& node, Config& config);
void read_redis(Reading& reading, const YAML::Node& node, Config& config);
std::string mesh_rows();
std::string mesh_fallback(const std::string& key);

// The whole file into `config`, whose `directory` is known. Every fault is reported.
void read_config(const YAML::Node& root, Config& config, Faults& faults);

}  // namespace dunlin
