// SPDX-License-Identifier: Apache-2.0
// Which modules a configuration runs: those that an endpoint selects, and no others.
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/plugin/module.h"

namespace dunlin {
namespace {

class Builder {
 public:
  Builder(const Config& config, Log& log)
      : config_(config), environment_{log, config.plugin_directory, config.file, config.directory} {}

  Result<ModuleSet> build() {
    for (const Listener& listener : config_.listeners) {
      auto& row = set_.endpoints.emplace_back();
      for (const Endpoint& endpoint : listener.endpoints) {
        row.emplace_back();
        if (endpoint.static_folder.empty()) resolve(endpoint, row.back());
      }
    }
    if (faults_.empty()) return std::move(set_);
    return fail(Errc::bad_input, fmt::format("{}", fmt::join(faults_, "\n")));
  }

 private:
  void resolve(const Endpoint& endpoint, ModuleSet::EndpointModules& modules) {
    for (const ModuleUse& use : endpoint.auth) {
      const auto index = select(use);
      if (!index) continue;
      if (!set_.selections[*index]->auth()) misfit(use, "auth", "is no auth module");
      modules.auth.push_back({*index, use.on_error_pass, use.deadline});
    }
    const auto index = select(endpoint.router);
    if (!index) return;
    if (!set_.selections[*index]->router()) misfit(endpoint.router, "router", "is no router");
    modules.router = *index;
    modules.router_deadline = endpoint.router.deadline;
  }

  // Empty: it was refused, and that has been said, once.
  std::optional<std::size_t> select(const ModuleUse& use) {
    const auto [known, fresh] = known_.try_emplace({use.module, use.settings});
    if (!fresh) return known->second;
    auto selection = Selection::configure(environment_, use);
    if (!selection) {
      faults_.push_back(selection.error().why);
      return std::nullopt;
    }
    known->second = set_.selections.size();
    set_.selections.push_back(std::move(*selection));
    return known->second;
  }

  void misfit(const ModuleUse& use, const char* key, const char* what) {
    faults_.push_back(
        selection_fault(config_.file, use.place, fmt::format("{}: module \"{}\" {}", key, use.module, what)));
  }

  const Config& config_;
  ModuleEnvironment environment_;
  ModuleSet set_;
  std::map<std::pair<std::string, std::string>, std::optional<std::size_t>> known_;
  std::vector<std::string> faults_;
};

}  // namespace

Result<ModuleSet> ModuleSet::build(const Config& config, Log& log) { return Builder(config, log).build(); }

}  // namespace dunlin
