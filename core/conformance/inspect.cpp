// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/inspect.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "core/base/crash.h"
#include "core/base/json.h"
#include "core/conformance/child.h"
#include "core/conformance/interfaces.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/module.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;
constexpr Millis kPatience{10'000};

struct Row {
  std::string name, version, interfaces, abi, summary, fault;
};

// Why no settings can be checked with it; empty: they can.
std::string flaw_in_schema(const char* schema) {
  if (!schema) return {};
  const auto parsed = json::parse(schema);
  if (!parsed) return "its settings_schema is no JSON: " + parsed.error().why;
  return parsed->IsObject() ? "" : "its settings_schema is no JSON object";
}

int describe(const std::string& directory, const std::string& name, const Say& say) {
  const auto opened = open_library(directory, name);
  if (!opened) {
    say("fault\t" + opened.error().why);
    return 0;
  }
  const dunlin_module& module = **opened;
  say("version\t" + one_line(module.version ? module.version : "-"));
  say("summary\t" + one_line(module.summary ? module.summary : ""));
  const auto served = interfaces_of(module);
  say(fmt::format("interfaces\t{}", served.empty() ? "nothing that this server knows" : fmt::format("{}", fmt::join(served, " "))));
  if (const std::string flaw = flaw_in_schema(module.settings_schema); !flaw.empty()) say("fault\t" + flaw);
  const auto missing = missing_extensions(module);
  if (!missing.empty()) say(fmt::format("fault\trequires {}, which this server does not have", fmt::join(missing, ", ")));
  return 0;
}

Row inspect(const std::string& directory, const std::string& name) {
  Row row{.name = name, .version = "-", .interfaces = "-", .abi = "-", .summary = {}, .fault = {}};
  const auto heard = [&](std::string_view line) {
    const std::size_t tab = line.find('\t');
    const std::string_view key = line.substr(0, tab), value = line.substr(tab + 1);
    (key == "version" ? row.version : key == "summary" ? row.summary : key == "fault" ? row.fault : row.interfaces) = value;
  };
  const ChildEnd end = run_in_child([&](const Say& say) { return describe(directory, name, say); }, heard, kPatience);
  if (const std::string fault = fault_of(end, kPatience); !fault.empty()) row.fault = fault + " when it is opened";
  if (const auto version = entry_version(fs::path(directory) / (name + ".so"))) row.abi = *version;
  return row;
}

}  // namespace

int list_plugins(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".so") names.push_back(entry->path().stem().string());
  if (error) {
    std::fprintf(stderr, "%s: the plugin directory cannot be read: %s\n", directory.c_str(), error.message().c_str());
    return 1;
  }
  std::sort(names.begin(), names.end());
  std::printf("%s: %zu plugin%s\n", directory.c_str(), names.size(), names.size() == 1 ? "" : "s");
  int code = 0;
  for (const std::string& name : names) {
    const Row row = inspect(directory, name);
    std::printf("%s\n", fmt::format("{:<16} {:<9} ABI {:<5} {}", row.name, row.version, row.abi, row.interfaces).c_str());
    if (!row.summary.empty()) std::printf("    %s\n", row.summary.c_str());
    if (row.fault.empty()) continue;
    std::printf("    UNUSABLE: %s\n", row.fault.c_str());
    code = 1;
  }
  return code;
}

}  // namespace dunlin
