// SPDX-License-Identifier: Apache-2.0
// ProcessIsolator: `isolation: process`. One process a worker, so that a crash costs one worker's questions and no worker
// waits for another (docs/decisions/0012).
//
//   [setup]   start(): a process a worker loads, configures and creates the module; what it refuses, it says itself
//   [worker]  Proxy (proxy.h): the module's instance there; asks the process, and starts another when it has ended
//   in the process: Guest (guest.h)
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/isolation/messages.h"
#include "core/isolation/process.h"
#include "core/isolation/wire.h"
#include "core/plugin/isolator.h"

namespace dunlin {

// A process that has created the module, and what it has said besides.
struct ReadyProcess {
  Process process;
  WireBuffer rest;
  bool reads_connections = false;
};

class IsolatedSelection final : public IsolatedModule {
 public:
  ~IsolatedSelection() override;

  // `workers` 0: it is only tried whether its settings are good.
  static Result<std::unique_ptr<IsolatedSelection>> start(const ModuleEnvironment& environment, const ModuleUse& use,
                                                          unsigned workers, const std::string& program);

  const dunlin_module& module() const override { return module_; }
  dunlin_settings* settings() override { return reinterpret_cast<dunlin_settings*>(this); }
  static IsolatedSelection& of(const dunlin_settings* settings) {
    return *reinterpret_cast<IsolatedSelection*>(const_cast<dunlin_settings*>(settings));
  }

  // [any-thread] The worker's process from start(); nothing: it has been taken.
  std::optional<ReadyProcess> take(unsigned worker);
  // [any-thread] Another one, of which nothing is known yet.
  Result<Process> spawn(unsigned worker) const {
    return Process::spawn(program_, start_.use.module, library_, log_, worker);
  }
  Start start_of(unsigned worker) const;
  // [any-thread] Its link is closed, and it is waited for in the end.
  void give_back(Process process);
  // For how long a process may keep a question waiting and answer no ping.
  Millis patience() const { return patience_; }

 private:
  IsolatedSelection(const ModuleEnvironment& environment, const ModuleUse& use, std::string program);
  Status open_library(const ModuleEnvironment& environment);
  Status load(unsigned worker, std::optional<Process>& process, WireBuffer& rest);
  Status begin(unsigned workers);
  void describe(const Configured& configured);
  std::string in_place(const std::string& what) const;

  Log& log_;
  Start start_;
  std::string program_;
  int library_ = -1;
  Millis patience_;
  std::string version_, summary_;
  dunlin_module module_{};
  std::mutex mutex_;  // guards all that follows
  std::vector<std::optional<ReadyProcess>> ready_;  // by worker
  std::vector<Process> ended_;
};

class ProcessIsolator final : public Isolator {
 public:
  // `program`: this one, so that both ends speak alike, also when its file has been replaced.
  explicit ProcessIsolator(unsigned workers, std::string program = "/proc/self/exe")
      : workers_(workers), program_(std::move(program)) {}

  Result<std::unique_ptr<IsolatedModule>> start(const ModuleEnvironment& environment, const ModuleUse& use) override;

 private:
  unsigned workers_;
  std::string program_;
};

}  // namespace dunlin
