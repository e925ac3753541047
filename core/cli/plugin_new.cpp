// SPDX-License-Identifier: Apache-2.0
// `dunlin plugin new`: the templates of plugin-api/template, compiled in, with the name put in its places.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>

#include "core/cli/plugin.h"
#include "core/cli/templates.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;

int refuse(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

// It becomes a file's name, a module's name and a part of names in C.
bool valid_name(std::string_view name) {
  constexpr std::size_t kMost = 64;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && name.size() <= kMost && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The plugin is a target of this name, and CMake keeps these to itself.
bool kept_by_cmake(std::string_view name) {
  constexpr std::string_view kTargets[] = {"all",     "ALL_BUILD",  "clean",         "edit_cache", "help", "install",
                                           "INSTALL", "preinstall", "rebuild_cache", "RUN_TESTS",  "test", "ZERO_CHECK"};
  return std::find(std::begin(kTargets), std::end(kTargets), name) != std::end(kTargets);
}

std::string filled(std::string_view text, const PluginArguments& arguments) {
  constexpr std::string_view kMark = "@NAME@", kKind = "@KIND@";
  std::string out(text);
  for (std::size_t at; (at = out.find(kMark)) != std::string::npos;) out.replace(at, kMark.size(), arguments.name);
  for (std::size_t at; (at = out.find(kKind)) != std::string::npos;) out.replace(at, kKind.size(), arguments.kind);
  return out;
}

// Why there can be no plugin of this name; empty: there can.
std::string flaw_in_name(const PluginArguments& arguments) {
  const std::string quoted = "\"" + arguments.name + "\"";
  if (!valid_name(arguments.name)) return quoted + " is no module's name: a letter, then letters, digits, - and _, at most 64";
  if (kept_by_cmake(arguments.name)) return quoted + " is the name of a target of CMake's own; take another one";
  return {};
}

}  // namespace

int new_plugin(const PluginArguments& arguments) {
  if (const std::string flaw = flaw_in_name(arguments); !flaw.empty()) return refuse(flaw);
  std::map<std::string, std::string> texts;
  for (const Template& one : templates()) {
    if (!one.kinds.contains(arguments.kind) || !one.languages.contains(arguments.language)) continue;
    const std::string file = filled(one.file, arguments);
    if (!texts.emplace(file, filled(one.text, arguments)).second)
      return refuse("\"" + arguments.name + "\" would write over " + file + ", which stands beside it; take another name");
  }
  const fs::path folder = arguments.folder.empty() ? fs::path(arguments.name) : fs::path(arguments.folder);
  std::error_code error;
  if (fs::exists(folder, error)) return refuse(folder.string() + " exists already; name another folder: --directory FOLDER");
  if (!fs::create_directories(folder, error)) return refuse(folder.string() + ": " + error.message());
  for (const auto& [name, text] : texts) {
    const fs::path file = folder / name;
    std::ofstream stream(file);
    stream << text;
    if (!stream.flush()) return refuse(file.string() + " cannot be written");
    std::printf("%s\n", file.string().c_str());
  }
  std::printf("read %s first\n", (folder / "README.md").string().c_str());
  return 0;
}

}  // namespace dunlin
