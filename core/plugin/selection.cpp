// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "core/base/crash.h"
#include "core/config/loader.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/cache.h"
#include "core/plugin/host.h"
#include "core/plugin/isolator.h"
#include "core/plugin/libraries.h"
#include "core/plugin/library.h"
#include "core/plugin/module.h"
#include "core/plugin/process_state.h"

namespace dunlin {
namespace {

Error lines(const std::vector<std::string>& faults) {
  return fail(Errc::bad_input, fmt::format("{}", fmt::join(faults, "\n")));
}

std::vector<std::string> missing_extensions(const dunlin_module& module, bool isolated) {
  std::vector<std::string> missing;
  if (module.required)
    for (const char* const* id = module.required; *id; ++id)
      if (!find_extension(*id, isolated)) missing.emplace_back(*id);
  return missing;
}

}  // namespace

std::string selection_fault(const std::string& file, const Place& place, const std::string& what) {
  return place.line > 0 ? fmt::format("{}:{}:{}: {}", file, place.line, place.column, what)
                        : fmt::format("{}: {}", file, what);
}

Selection::Selection(const ModuleEnvironment& environment, const ModuleUse& use)
    : environment_(environment), name_(use.module), cache_(std::make_unique<SharedCache>()),
      host_(std::make_unique<SetupHost>(environment.log, use.module, environment.config_directory,
                                        environment.isolated)) {}

Selection::~Selection() {
  if (!configured_ && !process_) return;
  if (environment_.libraries) environment_.libraries->begins(fmt::format("`discard` of module \"{}\"", name_));
  if (!configured_) return;
  const CrashScope scope(crash_note(), name_.c_str(), "discard");
  module_->discard(settings_);
}

Result<const dunlin_module*> Selection::library() const {
  const std::string& directory = environment_.plugin_directory;
  if (environment_.library >= 0)
    return load_library(fmt::format("/proc/{}/fd/{}", ::getpid(), environment_.library),
                        fmt::format("{}/{}.so", directory, name_), name_);
  return environment_.libraries ? environment_.libraries->open(directory, name_) : open_library(directory, name_);
}

Status Selection::open(const ModuleUse& use) {
  const std::string& file = environment_.config_file;
  const CrashScope scope(crash_note(), name_.c_str(), "load");
  const auto opened = library();
  if (!opened)
    return fail(opened.error().code,
                selection_fault(file, use.place, fmt::format("module \"{}\": {}", name_, opened.error().why)));
  module_ = *opened;
  tables_ = Tables::of(*module_);
  if (const std::string flaw = tables_.flaw(); !flaw.empty())
    return fail(Errc::bad_input, selection_fault(file, use.place, fmt::format("module \"{}\": {}", name_, flaw)));
  if (const auto missing = missing_extensions(*module_, environment_.isolated); !missing.empty())
    return fail(Errc::bad_input,
                selection_fault(file, use.place,
                                fmt::format("module \"{}\": {}/{}.so requires {}, which {} does not have", name_,
                                            environment_.plugin_directory, name_, fmt::join(missing, ", "),
                                            environment_.isolated ? "a module with `isolation: process`" : "this server")));
  if (!module_->settings_schema) return ok();
  const auto faults = check_settings(file, use, module_->settings_schema);
  return faults.empty() ? ok() : Status(lines(faults));
}

// The file is neither opened nor configured here: what is wrong with it must not hurt the server.
Status Selection::isolate(const ModuleUse& use) {
  if (!environment_.isolator)
    return fail(Errc::bad_input, selection_fault(environment_.config_file, use.place,
                                                 fmt::format("module \"{}\": there is no isolation here", name_)));
  auto process = environment_.isolator->start(environment_, use);
  if (!process) return process.error();
  process_ = std::move(*process);
  module_ = &process_->module();
  tables_ = Tables::of(*module_);
  settings_ = process_->settings();
  return ok();
}

Status Selection::configure_module(const ModuleUse& use) {
  const CrashScope scope(crash_note(), name_.c_str(), "configure");
  const dunlin_status status = module_->configure(host_.get(), lend(use.settings), &settings_);
  configured_ = status == DUNLIN_OK;
  std::vector<std::string> faults;
  for (const SetupHost::Fault& fault : host_->take_faults())
    faults.push_back(settings_fault(environment_.config_file, use, fault.pointer, one_line(fault.what)));
  if (!faults.empty()) return lines(faults);  // a fault refuses, whatever configure returned
  if (configured_) return ok();
  return fail(Errc::bad_input,
              selection_fault(environment_.config_file, use.place,
                              fmt::format("module \"{}\" refused its settings and gave no reason ({})", name_,
                                          status_name(status))));
}

Result<std::shared_ptr<Selection>> Selection::configure(const ModuleEnvironment& environment, const ModuleUse& use) {
  std::shared_ptr<Selection> selection(new Selection(environment, use));
  if (environment.libraries)
    environment.libraries->begins(fmt::format("the set-up of module \"{}\" (`configure`)", use.module));
  if (use.isolated) {
    if (Status isolated = selection->isolate(use); !isolated) return isolated.error();
    return selection;
  }
  const ProcessState before = ProcessState::now();
  if (Status opened = selection->open(use); !opened) return opened.error();
  if (Status configured = selection->configure_module(use); !configured) return configured.error();
  const auto changes = ProcessState::now().changes_since(before);
  plug_standard_descriptors();
  if (!changes.empty())
    environment.log.warn("module meddles with the process",
                         {{"module", use.module}, {"changed", fmt::format("{}", fmt::join(changes, ", "))}});
  return selection;
}

const dunlin_host* Selection::host() const { return host_.get(); }

}  // namespace dunlin
