// SPDX-License-Identifier: Apache-2.0
// Modules as the server selects and runs them.
//
//   Library    one NAME.so, opened and checked; never closed
//   Selection  a library configured with one set of settings, shared by all workers   [setup]
//   Instance   a selection on one worker; every hook is called through it              [worker]
//   ModuleSet  all selections of a configuration; equal (module, settings) is one selection
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/config/config.h"
#include "core/plugin/services.h"
#include "core/plugin/tables.h"
#include "dunlin/dunlin.h"

namespace dunlin {

class Isolator;
class IsolatedModule;
class Libraries;

// What setup needs to know of the configuration, and who validates settings: the loader of core/config is handed in.
struct ModuleEnvironment {
  Log& log;
  std::string plugin_directory;  // absolute
  std::string config_file;       // as given, for fault lines
  std::string config_directory;  // absolute
  Libraries* libraries = nullptr;  // nullptr: files are opened where they stand
  Isolator* isolator = nullptr;    // nullptr: there is no `isolation: process`
  bool isolated = false;           // this process is one that an isolator started: a part of the host is not here
  int library = -1;                // not -1: the file's bytes are read from this descriptor
};

// Opens DIRECTORY/NAME.so: one exported symbol, magic, ABI major, name equal to the stem, a complete module table. The
// error names the file and the cause, and for a missing file what modules there are.
Result<const dunlin_module*> open_library(const std::string& directory, const std::string& name);

// A line about the selection itself: `file:line:column: what`.
std::string selection_fault(const std::string& file, const Place& place, const std::string& what);

class SetupHost;
class SharedCache;

class Selection {
 public:
  // Opens, validates the settings against the schema, checks `required`, configures. The error is lines of
  // `file:line:column: …`, ready to print.
  static Result<std::shared_ptr<Selection>> configure(const ModuleEnvironment& environment, const ModuleUse& use);
  ~Selection();  // discards
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  const dunlin_module& module() const { return *module_; }
  const dunlin_settings* settings() const { return settings_; }
  const dunlin_host* host() const;  // as `configure` got it
  const std::string& name() const { return name_; }
  const ModuleEnvironment& environment() const { return environment_; }
  // Each nullptr: it does not serve that.
  const dunlin_auth* auth() const { return table(tables_.auth); }
  const dunlin_router* router() const { return table(tables_.router); }
  const dunlin_subscribe_guard* guard() const { return table(tables_.guard); }
  const dunlin_publish_filter* filter() const { return table(tables_.filter); }
  const dunlin_http_route* route() const { return table(tables_.route); }
  const dunlin_framer* framer() const { return table(tables_.framer); }
  SharedCache& cache() const { return *cache_; }

 private:
  Selection(const ModuleEnvironment& environment, const ModuleUse& use);
  Status open(const ModuleUse& use);
  Status isolate(const ModuleUse& use);
  Result<const dunlin_module*> library() const;
  Status configure_module(const ModuleUse& use);
  template <class Table>
  static const Table* table(const std::optional<Table>& served) { return served ? &*served : nullptr; }

  ModuleEnvironment environment_;
  std::string name_;
  const dunlin_module* module_ = nullptr;
  Tables tables_;
  dunlin_settings* settings_ = nullptr;
  bool configured_ = false;
  std::unique_ptr<SharedCache> cache_;
  std::unique_ptr<SetupHost> host_;  // known to the module until `discard`
  std::unique_ptr<IsolatedModule> process_;  // nullptr: the module runs in this process
};

// The selections of a whole configuration: each endpoint's chain and router resolved to slots. A selection has one slot
// on every worker, `first_slot` and its index in `selections`; no two sets that are in use have a slot in common.
struct ModuleSet {
  struct CanaryStep {
    std::size_t slot;
    std::uint32_t percent;  // 0: there is none
    bool shadow;
    bool on_error_pass;
    Millis deadline;
  };
  // One module of a chain: auth, guards, filters.
  struct ChainStep {
    std::size_t slot;
    bool on_error_pass;
    Millis deadline;
    CanaryStep canary{};  // auth
  };
  struct EndpointModules {
    std::vector<ChainStep> auth;
    std::vector<ChainStep> guards;
    std::size_t router = 0;  // slot
    Millis router_deadline{5000};
  };
  // One HTTP path that a module serves. The texts are the module's constants.
  struct Route {
    std::string_view method, path;  // a path that ends in '/' is a prefix
    std::uint32_t role;             // DUNLIN_ROLE_*
    std::size_t slot;
    std::size_t index;              // in the module's table
    Millis deadline;
  };
  std::vector<std::shared_ptr<Selection>> selections;
  std::vector<ChainStep> filters;
  std::vector<Route> routes;
  std::vector<std::vector<EndpointModules>> endpoints;  // [listener][endpoint]; empty entries for static ones
  std::size_t first_slot = 0;

  std::size_t slot_of(std::size_t index) const { return first_slot + index; }

  // Every fault of every module, one a line. `libraries`, `isolator`: as in ModuleEnvironment.
  static Result<ModuleSet> build(const Config& config, Log& log, Libraries* libraries = nullptr,
                                 Isolator* isolator = nullptr, std::size_t first_slot = 0);
};

}  // namespace dunlin
