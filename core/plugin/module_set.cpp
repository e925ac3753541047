// SPDX-License-Identifier: Apache-2.0
// Which modules a configuration runs: those that an endpoint selects, and no others.
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/plugin/module.h"

namespace dunlin {
namespace {

class Builder {
 public:
  Builder(const Config& config, Log& log, Libraries* libraries, Isolator* isolator, std::size_t first_slot)
      : config_(config), environment_{log, config.plugin_directory, config.file, config.directory, libraries, isolator} {
    set_.first_slot = first_slot;
  }

  Result<ModuleSet> build() {
    for (const Listener& listener : config_.listeners) {
      auto& row = set_.endpoints.emplace_back();
      for (const Endpoint& endpoint : listener.endpoints) {
        row.emplace_back();
        if (endpoint.static_folder.empty()) resolve(endpoint, row.back());
      }
    }
    resolve_chain(config_.filters, "filters", "is no publish filter", &Selection::filter, set_.filters);
    for (const ModuleUse& use : config_.api_routes) resolve_routes(use);
    if (faults_.empty()) return std::move(set_);
    return fail(Errc::bad_input, fmt::format("{}", fmt::join(faults_, "\n")));
  }

 private:
  void resolve(const Endpoint& endpoint, ModuleSet::EndpointModules& modules) {
    resolve_chain(endpoint.auth, "auth", "is no auth module", &Selection::auth, modules.auth);
    resolve_chain(endpoint.guards, "guards", "is no subscribe guard", &Selection::guard, modules.guards);
    const auto index = select(endpoint.router);
    if (!index) return;
    if (!set_.selections[*index]->router()) misfit(endpoint.router, "router", "is no router");
    if (endpoint.protocol == Protocol::socket && !set_.selections[*index]->framer())
      misfit(endpoint.router, "router", "cannot find packets, which `protocol: socket` needs (" DUNLIN_FRAMER ")");
    modules.router = set_.slot_of(*index);
    modules.router_deadline = endpoint.router.deadline;
  }

  template <class Table>
  void resolve_chain(const std::vector<ModuleUse>& uses, const char* key, const char* misfit_text,
                     const Table* (Selection::*table)() const, std::vector<ModuleSet::ChainStep>& chain) {
    for (const ModuleUse& use : uses) {
      const auto index = select(use);
      if (!index) continue;
      if (!((*set_.selections[*index]).*table)()) misfit(use, key, misfit_text);
      chain.push_back({set_.slot_of(*index), use.on_error_pass, use.deadline});
      if (use.canary) resolve_canary(*use.canary, key, misfit_text, table, chain.back().canary);
    }
  }

  template <class Table>
  void resolve_canary(const Canary& canary, const char* key, const char* misfit_text,
                      const Table* (Selection::*table)() const, ModuleSet::CanaryStep& step) {
    const auto index = select(canary.use);
    if (!index) return;
    if (!((*set_.selections[*index]).*table)()) misfit(canary.use, key, misfit_text);
    step = {set_.slot_of(*index), canary.percent, canary.shadow, canary.use.on_error_pass, canary.use.deadline};
  }

  void resolve_routes(const ModuleUse& use) {
    const auto index = select(use);
    if (!index) return;
    const dunlin_http_route* table = set_.selections[*index]->route();
    if (!table) return misfit(use, "api.routes", "serves no HTTP routes");
    for (std::size_t i = 0; i < table->route_count; ++i) {
      const dunlin_route& route = table->routes[i];
      for (const ModuleSet::Route& other : set_.routes)
        if (other.method == route.method && other.path == route.path)
          misfit(use, "api.routes", fmt::format("serves {} {}, as another one does", route.method, route.path).c_str());
      set_.routes.push_back({route.method, route.path, route.role, set_.slot_of(*index), i, use.deadline});
    }
  }

  // Empty: it was refused, and that has been said, once.
  std::optional<std::size_t> select(const ModuleUse& use) {
    const auto [known, fresh] = known_.try_emplace({use.module, use.settings, use.isolated ? use.deadline : Millis{0}, use.isolated});
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
  // A process is given up when it keeps a log-in waiting for its deadline: it has one.
  using Wanted = std::tuple<std::string, std::string, Millis, bool>;  // module, settings, deadline, isolated
  std::map<Wanted, std::optional<std::size_t>> known_;
  std::vector<std::string> faults_;
};

}  // namespace

Result<ModuleSet> ModuleSet::build(const Config& config, Log& log, Libraries* libraries, Isolator* isolator,
                                   std::size_t first_slot) {
  return Builder(config, log, libraries, isolator, first_slot).build();
}

}  // namespace dunlin
