// SPDX-License-Identifier: Apache-2.0
// Suite: what is checked of one plugin, as a table of steps. It runs in the child; what it finds it says line by line:
//
//   step NAME        begins           at WHAT          what is being done, should it crash there
//   ok | warn | fail | skip TEXT      what came of the step; of warn and fail there may be several
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/conformance/check.h"
#include "core/conformance/child.h"
#include "core/conformance/rig.h"
#include "core/plugin/process_state.h"

namespace dunlin {

class Suite {
 public:
  Suite(const PluginCheck& request, const Say& say);
  void run();

 private:
  struct Step {
    const char* name;
    void (Suite::*run)();
    const char* interface;  // only for modules that serve it; nullptr: for all
  };
  static const Step kSteps[];

  void say(const char* what, std::string_view text) { say_(std::string(what) + " " + std::string(text)); }
  void ok(std::string_view text) { say("ok", text); }
  void warn(std::string_view text) { say("warn", text); }
  void fail(std::string_view text) { say("fail", text); }
  void skip(std::string_view text) { say("skip", text); }
  void at(std::string_view what) { say("at", what); }

  // Loading (suite_load.cpp). Without a selection the rest is not run.
  void exports();
  void opens();
  void bad_settings();
  void configures();
  // Living and dying (suite_life.cpp)
  void settings_come_and_go();
  void thousand_times();
  void swaps();
  void rest();
  // Interfaces (suite_questions.cpp)
  void garbage_tokens();
  void late_answers();
  void leaving();
  void stopping();
  void messages();
  void framing();
  void guards();
  void filters();
  void routes();
  void hook_times();

  // What the process held at first, and by how much that grew in the quietest of the rounds since.
  class Growth {
   public:
    Growth() = default;
    Growth(std::size_t bytes, std::size_t files, std::size_t threads) : bytes_(bytes), files_(files), threads_(threads) {}
    void round();  // one is over
    std::size_t rounds() const { return rounds_; }
    std::size_t least() const { return least_; }
    std::size_t files() const { return files_; }
    std::size_t threads() const { return threads_; }

   private:
    std::size_t bytes_ = 0, files_ = 0, threads_ = 0, least_ = 0, rounds_ = 0;
  };
  static Growth held();
  bool leaks(const Growth& growth, const char* what, const char* where, const char* who);  // true: it said so

  std::unique_ptr<Rig> rig();
  // Lets an answer come until the deadline has passed; true: it came before.
  bool await(Rig& rig);
  Result<std::shared_ptr<Selection>> select(std::string settings);
  ModuleUse use_of(std::string settings) const;
  void note_hooks(const Rig& rig);
  void look_at_process();

  const PluginCheck& request_;
  const Say& say_;
  std::string directory_, name_;
  Log log_{-1};
  const std::shared_ptr<Hosts> hosts_ = std::make_shared<Hosts>();
  ProcessState state_;
  const dunlin_module* module_ = nullptr;
  std::shared_ptr<Selection> selection_;
  double slow_hooks_ = 0;
  bool creates_ = true;  // until create fails: there is nothing to ask then
  std::size_t threads_before_ = 0;
};

}  // namespace dunlin
