// SPDX-License-Identifier: Apache-2.0
// `dunlin plugin`: list, check, new.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace dunlin {

struct PluginArguments {
  enum class Action { list, check, create } action = Action::list;
  std::string config = "dunlin.yaml", directory;             // list
  std::string file, settings = "{}", patience = "20s";        // check
  std::string kind, name, language = "c", folder;             // new
};

void plugin_options(CLI::App& command, PluginArguments& arguments);
// The process's exit code.
int run_plugin(const PluginArguments& arguments);

// Writes what `dunlin plugin new` writes: FOLDER/NAME…; the exit code.
int new_plugin(const PluginArguments& arguments);

}  // namespace dunlin
