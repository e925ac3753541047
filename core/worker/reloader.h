// SPDX-License-Identifier: Apache-2.0
// Reloader: puts the changed configuration in force on all workers, or none. It owns the generations: the one in force,
// the one that is being tried, and those that workers still retire. All on the server's own thread; modules are opened, configured
// and discarded on a thread of their own, one after the other, so that one that hangs keeps nobody but reloads waiting.
//
//   read, check, open, configure ─▶ prepare on every worker ─▶ put in force on every worker ─▶ retire the old one
//          └── refused: nothing has happened      └── refused: abandon what was prepared
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/result.h"
#include "core/isolation/isolator.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer_wheel.h"
#include "core/plugin/generation.h"
#include "core/plugin/libraries.h"
#include "core/worker/reload_figures.h"
#include "core/worker/setup_thread.h"

namespace dunlin {

class Worker;

class Reloader {
 public:
  // How a reload ended, in words for the person who asked for it.
  struct Report {
    bool in_force;
    std::string text;
  };
  using Done = std::function<void(const Report&)>;

  // Builds the first generation.
  static Result<std::unique_ptr<Reloader>> create(const Config& config, Log& log);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;
  ~Reloader();  // discards what is left. REQUIRES: the workers are gone

  const Generation& in_force() const { return *entries_.at(in_force_).generation; }
  // With `plugins.watch`: the configuration and the modules' files that are in force, and those of one that was refused since:
  // a file may have been missing, or wrong. Else none.
  std::vector<std::string> watched_files() const;
  ReloadFigures& figures() { return figures_; }

  // REQUIRES: all outlive stop()
  void start(TimerWheel& wheel, Mailbox& mailbox, std::vector<Worker*> workers);
  void stop();

  // Reads the file again. While one reload is at work the next waits for it; several that wait are one. `done` may be
  // called at once, and is not if the server stops before.
  void reload(Done done);

 private:
  struct Entry {
    std::unique_ptr<Generation> generation;
    std::size_t owed = 0;  // answers of workers to the present step
    std::vector<Worker*> prepared;
    std::string failure;
  };

  // Modules on their way to a generation. Shared with the set-up thread.
  struct Building {
    std::uint64_t number;
    Config config;
    std::size_t first_slot;
    std::optional<Result<ModuleSet>> modules;
  };

  Reloader(Log& log, unsigned workers) : log_(log), isolator_(workers), setup_(log) {}
  void begin();
  void go_on();
  Result<std::shared_ptr<Building>> read();
  void build(const std::shared_ptr<Building>& building, std::function<void()> built);
  void on_built(Building& building);
  std::string hanging() const;
  std::size_t free_slots(const Config& config) const;
  void on_prepared(std::uint64_t number, Worker* worker, const Status& status);
  void on_late();
  void put_in_force(std::uint64_t number);
  void abandon(std::uint64_t number);
  void on_released(std::uint64_t number);
  void retire(std::shared_ptr<void> modules);
  void discard_next();
  void on_discarded();
  std::size_t living() const { return entries_.size() + retired_.size() + (discarding_ ? 1 : 0); }
  void end(const Report& report);

  Log& log_;
  Libraries libraries_;
  ProcessIsolator isolator_;
  ReloadFigures figures_;
  std::map<std::uint64_t, Entry> entries_;
  std::vector<std::string> refused_files_;
  std::uint64_t in_force_ = 1, last_ = 1;
  std::uint64_t building_ = 0, trying_ = 0;  // 0: none, or it has been given up
  std::deque<std::shared_ptr<void>> retired_;  // generations that nobody uses, to be discarded
  bool discarding_ = false;                    // the set-up thread is at that
  bool held_ = false;                          // the reload at work waits for it
  bool busy_ = false;
  std::vector<Done> told_;     // of the reload at work
  std::vector<Done> waiting_;  // for the next
  TimerWheel* wheel_ = nullptr;
  Mailbox* mailbox_ = nullptr;
  std::vector<Worker*> workers_;  // empty: stopped
  Timer late_;
  SetupThread setup_;  // ends before what it works on
};

}  // namespace dunlin
