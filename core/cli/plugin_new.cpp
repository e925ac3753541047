// SPDX-License-Identifier: Apache-2.0
// `dunlin plugin new`: the templates of plugin-api/template, compiled in, with the name put in its places.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
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

std::string filled(std::string_view text, const PluginArguments& arguments) {
  constexpr std::string_view kMark = "@NAME@", kKind = "@KIND@";
  std::string out(text);
  for (std::size_t at; (at = out.find(kMark)) != std::string::npos;) out.replace(at, kMark.size(), arguments.name);
  for (std::size_t at; (at = out.find(kKind)) != std::string::npos;) out.replace(at, kKind.size(), arguments.kind);
  return out;
}

}  // namespace

int new_plugin(const PluginArguments& arguments) {
  if (!valid_name(arguments.name))
    return refuse("\"" + arguments.name + "\" is no module's name: a letter, then letters, digits, - and _, at most 64");
  const fs::path folder = arguments.folder.empty() ? fs::path(arguments.name) : fs::path(arguments.folder);
  std::error_code error;
  if (fs::exists(folder, error)) return refuse(folder.string() + " exists already; name another folder: --directory FOLDER");
  if (!fs::create_directories(folder, error)) return refuse(folder.string() + ": " + error.message());
  for (const Template& one : templates()) {
    if (!one.kinds.contains(arguments.kind) || !one.languages.contains(arguments.language)) continue;
    const fs::path file = folder / filled(one.file, arguments);
    std::ofstream stream(file);
    stream << filled(one.text, arguments);
    if (!stream.flush()) return refuse(file.string() + " cannot be written");
    std::printf("%s\n", file.string().c_str());
  }
  std::printf("read %s first\n", (folder / "README.md").string().c_str());
  return 0;
}

}  // namespace dunlin
