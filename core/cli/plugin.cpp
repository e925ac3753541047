// SPDX-License-Identifier: Apache-2.0
#include "core/cli/plugin.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/json.h"
#include "core/config/loader.h"
#include "core/conformance/check.h"
#include "core/conformance/inspect.h"

namespace dunlin {
namespace {

using Action = PluginArguments::Action;

int list(const PluginArguments& arguments) {
  if (!arguments.directory.empty()) return list_plugins(arguments.directory);
  const auto config = load_config(arguments.config);
  if (config) return list_plugins(config->plugin_directory);
  std::fprintf(stderr, "%s\nname a folder: dunlin plugin list --directory FOLDER\n", config.error().why.c_str());
  return 1;
}

// JSON, or @FILE with JSON in it.
int check(const PluginArguments& arguments) {
  const auto patience = parse_duration(arguments.patience);
  if (!patience || patience->count() == 0) {
    std::fprintf(stderr, "--patience: %s\n", patience ? "must not be 0" : patience.error().why.c_str());
    return 1;
  }
  PluginCheck request{arguments.file, arguments.settings, *patience};
  if (request.settings.starts_with('@')) {
    const std::string name = request.settings.substr(1);
    std::ifstream stream(name);
    if (!stream) {
      std::fprintf(stderr, "--settings: %s cannot be read\n", name.c_str());
      return 1;
    }
    request.settings.assign(std::istreambuf_iterator<char>(stream), {});
  }
  const auto settings = json::parse(request.settings);
  if (!settings || !settings->IsObject()) {
    std::fprintf(stderr, "--settings: %s\n", settings ? "must be a JSON object" : ("is no JSON: " + settings.error().why).c_str());
    return 1;
  }
  return check_plugin(request);
}

}  // namespace

void plugin_options(CLI::App& command, PluginArguments& arguments) {
  command.require_subcommand(1);
  CLI::App* list = command.add_subcommand(
      "list", "What is in the plugin directory: name, version, ABI, interfaces, or why one cannot be used (then exit 1).");
  list->add_option("-c,--config", arguments.config, "the configuration file")->capture_default_str();
  list->add_option("-d,--directory", arguments.directory, "this folder, whatever the configuration says");
  list->callback([&arguments] { arguments.action = Action::list; });

  CLI::App* check = command.add_subcommand(
      "check", "Run the conformance suite on a plugin, in a child process; exit 1 if anything fails.\n\n"
               "  dunlin plugin check ./door.so --settings '{\"prefix\": \"letmein-\"}'");
  check->add_option("file", arguments.file, "NAME.so")->required();
  check->add_option("-s,--settings", arguments.settings, "settings that it takes, as JSON; @FILE reads a file")->capture_default_str();
  check->add_option("--patience", arguments.patience, "how long it may say nothing before it counts as hanging")->capture_default_str();
  check->callback([&arguments] { arguments.action = Action::check; });

  CLI::App* create = command.add_subcommand(
      "new", "Begin a plugin: a folder with source, build files, a test and a README.\n\n"
             "  dunlin plugin new auth door --lang cpp");
  create->add_option("kind", arguments.kind, "what it is")->required()->check(CLI::IsMember({"auth", "router"}));
  create->add_option("name", arguments.name, "its name: letters, digits, - and _")->required();
  create->add_option("-l,--lang", arguments.language, "the language")->check(CLI::IsMember({"c", "cpp", "lua"}))->capture_default_str();
  create->add_option("-d,--directory", arguments.folder, "the folder to make; NAME if nothing is said");
  create->callback([&arguments] { arguments.action = Action::create; });
}

int run_plugin(const PluginArguments& arguments) {
  switch (arguments.action) {
    case Action::list: return list(arguments);
    case Action::check: return check(arguments);
    case Action::create: return new_plugin(arguments);
  }
  return 2;
}

}  // namespace dunlin
