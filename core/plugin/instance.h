// SPDX-License-Identifier: Apache-2.0
// Instance: a selection on one worker. It is the module's host there, and every hook is called through a HookScope on
// it. All [worker] but answer() and tasks().post().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/hooks.h"
#include "core/plugin/host.h"
#include "core/plugin/instance_parts.h"
#include "core/plugin/module.h"
#include "core/plugin/stage.h"

namespace dunlin {

enum class AuthOutcome : std::uint8_t { allow, deny, pass, fault, deadline, count_ };

class Instance final : public Host, public std::enable_shared_from_this<Instance> {
 public:
  static Result<std::shared_ptr<Instance>> create(std::shared_ptr<Stage> stage, std::shared_ptr<Selection> selection);
  ~Instance() = default;  // REQUIRES: destroy() was called, if create() succeeded

  // Runs what other threads have handed in, destroys the module's instance, then stops its timers and requests. From
  // here on nothing calls into the module. REQUIRES: its tickets are released.
  void destroy();
  bool alive() const { return alive_; }

  dunlin_instance* raw() const { return raw_; }
  const dunlin_auth* auth() const { return auth_; }
  const dunlin_router* router() const { return router_; }

  Stage& stage() const { return *stage_; }
  Services& services() const { return stage_->services; }
  HookTimes& times() { return times_; }
  InstanceTimers& timers() { return timers_; }
  InstanceRequests& requests() { return requests_; }
  InstanceTasks& tasks() { return tasks_; }
  InstanceMetrics& metrics() { return metrics_; }

  // [any-thread] dunlin_ticket_api::answer, arguments checked.
  dunlin_status answer(dunlin_ticket ticket, dunlin_verdict verdict, const dunlin_answer* given);

  // The module did what it may not do, or did not answer.
  void log_fault(Hook hook, ClientId conn, std::string_view why);
  void count(AuthOutcome outcome) { ++outcomes_[static_cast<std::size_t>(outcome)]; }
  void collect(std::vector<Sample>& out) const;

  // Wraps a callback of the module for Services: it is dropped once this instance is being destroyed.
  template <class Call>
  auto guarded(Hook hook, Call call) {
    return [self = weak_from_this(), hook, call](auto&&... args) {
      const std::shared_ptr<Instance> instance = self.lock();
      if (!instance || !instance->alive()) return;
      HookScope scope(*instance, hook);
      call(std::forward<decltype(args)>(args)...);
    };
  }

 private:
  Instance(std::shared_ptr<Stage> stage, std::shared_ptr<Selection> selection);

  std::shared_ptr<Stage> stage_;
  std::shared_ptr<Selection> selection_;
  const dunlin_auth* auth_;
  const dunlin_router* router_;
  dunlin_instance* raw_ = nullptr;
  bool alive_ = false;
  HookTimes times_;
  Trickle fault_lines_;
  std::array<std::uint64_t, static_cast<std::size_t>(AuthOutcome::count_)> outcomes_{};
  InstanceTimers timers_;
  InstanceRequests requests_;
  InstanceTasks tasks_;
  InstanceMetrics metrics_;
};

}  // namespace dunlin
