// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/suite.h"

#include <filesystem>
#include <iterator>

#include <fmt/format.h>

namespace dunlin {

const Suite::Step Suite::kSteps[] = {
    {"exports", &Suite::exports, nullptr},
    {"opens", &Suite::opens, nullptr},
    {"settings", &Suite::configures, nullptr},
    {"bad settings", &Suite::bad_settings, nullptr},
    {"settings again", &Suite::settings_come_and_go, nullptr},
    {"create and destroy", &Suite::thousand_times, nullptr},
    {"garbage tokens", &Suite::garbage_tokens, DUNLIN_AUTH},
    {"late answers", &Suite::late_answers, DUNLIN_AUTH},
    {"who leaves", &Suite::leaving, DUNLIN_AUTH},
    {"stopping", &Suite::stopping, DUNLIN_AUTH},
    {"messages", &Suite::messages, DUNLIN_ROUTER},
    {"framer", &Suite::framing, DUNLIN_FRAMER},
    {"guard", &Suite::guards, DUNLIN_SUBSCRIBE_GUARD},
    {"filter", &Suite::filters, DUNLIN_PUBLISH_FILTER},
    {"routes", &Suite::routes, DUNLIN_HTTP_ROUTE},
    {"swap to itself", &Suite::swaps, nullptr},
    {"hook times", &Suite::hook_times, nullptr},
    {"rest", &Suite::rest, nullptr},
};

Suite::Suite(const PluginCheck& request, const Say& say) : request_(request), say_(say) {
  namespace fs = std::filesystem;
  const fs::path path = fs::absolute(request.file).lexically_normal();
  directory_ = path.parent_path().string();
  name_ = path.stem().string();
}

void Suite::run() {
  threads_before_ = held().threads();
  state_ = ProcessState::now();
  constexpr std::size_t kLoading = 3;  // exports, opens, settings
  for (std::size_t i = 0; i < std::size(kSteps); ++i) {
    const Step& step = kSteps[i];
    if ((i == kLoading - 1 && !module_) || (i >= kLoading && !selection_) || !creates_) return;
    if (step.interface && !module_->get_interface(step.interface)) continue;
    say("step", step.name);
    (this->*step.run)();
    look_at_process();
  }
}

// What it changes of what everybody shares is said once.
void Suite::look_at_process() {
  const ProcessState now = ProcessState::now();
  if (const auto changes = now.changes_since(state_); !changes.empty())
    fail(fmt::format("it changes what the whole process shares: {}", fmt::join(changes, ", ")));
  state_ = now;
}

std::unique_ptr<Rig> Suite::rig() {
  at("create");
  auto made = std::make_unique<Rig>(selection_, log_, hosts_);
  if (const Status started = made->start(); !started) {
    creates_ = false;
    fail("create failed: " + started.error().why);
    return nullptr;
  }
  return made;
}

bool Suite::await(Rig& rig) {
  rig.settle(500, "not what was expected");
  constexpr Millis kStep{250};
  for (Millis waited{0}; rig.pending() && waited <= Rig::kDeadline; waited += kStep) {
    const bool last = waited + kStep >= Rig::kDeadline;
    rig.advance(kStep);
    rig.settle(500, "not what was expected");
    if (!rig.pending()) return !last;
  }
  return !rig.pending();
}

void Suite::note_hooks(const Rig& rig) { slow_hooks_ += rig.figure("dunlin_slow_hooks_total"); }

void Suite::hook_times() {
  if (slow_hooks_ == 0) return ok("no hook held the worker for 100 ms");
  warn(std::to_string(static_cast<int>(slow_hooks_)) +
       " hooks held the worker for over 100 ms: nobody else on it was served meanwhile. Answer the ticket later, or send "
       "what computes for long to the pool (dunlin.task/1, offload)");
}

}  // namespace dunlin
