// SPDX-License-Identifier: Apache-2.0
// From the file to a selection: exports, entry, settings.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/json.h"
#include "core/conformance/elf_exports.h"
#include "core/conformance/interfaces.h"
#include "core/conformance/suite.h"

namespace dunlin {

void Suite::exports() {
  auto names = elf_exports(request_.file);
  if (!names) return fail(names.error().why);
  const auto entry = std::find(names->begin(), names->end(), DUNLIN_ENTRY_SYMBOL);
  if (entry == names->end())
    return fail("it does not export " DUNLIN_ENTRY_SYMBOL ": define it as entry.h says, and let it be seen");
  names->erase(entry);
  if (names->empty()) return ok("it exports " DUNLIN_ENTRY_SYMBOL " and nothing else");
  constexpr std::size_t kShown = 3;
  const std::size_t count = names->size();
  names->resize(std::min(count, kShown));
  fail(fmt::format("it exports {} names besides {}: {}{}. Compile with -fvisibility=hidden; for those of libraries, link with "
                   "-Wl,--exclude-libs,ALL or the version script of the installed CMake package",
                   count, DUNLIN_ENTRY_SYMBOL, fmt::join(*names, ", "), count > kShown ? ", …" : ""));
}

void Suite::opens() {
  at("opening it");
  const auto opened = open_library(directory_, name_);
  if (!opened) return fail(opened.error().why);
  module_ = *opened;
  const auto missing = missing_extensions(*module_);
  if (!missing.empty()) {
    module_ = nullptr;
    return fail(fmt::format("it requires {}, which this server does not have", fmt::join(missing, ", ")));
  }
  for (const char* id : {DUNLIN_AUTH, DUNLIN_ROUTER, DUNLIN_SUBSCRIBE_GUARD, DUNLIN_PUBLISH_FILTER, DUNLIN_HTTP_ROUTE, DUNLIN_FRAMER})
    if (module_->get_interface(id) != module_->get_interface(id))
      fail(fmt::format("its get_interface gives another table each time for {}: the first counts", id));
  const auto served = interfaces_of(*module_);
  if (served.empty()) warn("it serves no interface that this server knows: nothing can select it");
  ok(fmt::format("{} {}, for ABI {}: {}", name_, module_->version ? module_->version : "-",
                 entry_version(request_.file).value_or("?"), fmt::join(served, ", ")));
}

ModuleUse Suite::use_of(std::string settings) const {
  ModuleUse use;
  use.module = name_;
  use.settings = std::move(settings);
  return use;
}

Result<std::shared_ptr<Selection>> Suite::select(std::string settings) {
  const ModuleEnvironment environment{log_, directory_, "settings", directory_};
  return Selection::configure(environment, use_of(std::move(settings)));
}

void Suite::configures() {
  at("configure");
  auto selection = select(request_.settings);
  if (!selection) {
    std::string why = selection.error().why;
    const std::string nowhere = "settings:0:0: modules." + name_;  // there is no file to point into
    for (std::size_t place; (place = why.find(nowhere)) != std::string::npos;) why.replace(place, nowhere.size(), "settings");
    return fail(fmt::format("it refuses the settings {}: {}. Give those that it takes: --settings '{{…}}'", request_.settings,
                            why));
  }
  selection_ = std::move(*selection);
  ok("it takes its settings");
}

void Suite::bad_settings() {
  auto settings = json::parse(request_.settings);
  if (!settings || !settings->IsObject()) return skip("the settings are no JSON object");
  at("configure with a setting that nobody knows");
  settings->AddMember("dunlin-plugin-check", true, settings->allocator());
  const bool unknown_taken = static_cast<bool>(select(json::print(*settings)));
  settings->RemoveMember("dunlin-plugin-check");
  std::vector<std::string> taken;
  for (auto i = settings->MemberBegin(); i < settings->MemberEnd(); ++i) {
    auto& member = *i;
    const std::string name(json::text_of(member.name));
    at("configure with a wrong type at " + name);
    json::Value kept;
    kept.Swap(member.value);
    member.value.SetArray().PushBack(json::Value(rapidjson::kNullType), settings->allocator());
    if (select(json::print(*settings))) taken.push_back(name);
    member.value.Swap(kept);
  }
  if (!taken.empty()) warn(fmt::format("it takes [null] for {}: let settings_schema say what type it has", fmt::join(taken, ", ")));
  if (unknown_taken)
    warn("it takes a setting that it does not know: a misspelt one goes unnoticed. Write \"additionalProperties\": false into "
         "settings_schema");
  if (!unknown_taken && taken.empty()) ok("it refuses what it does not know, and wrong types");
}

}  // namespace dunlin
