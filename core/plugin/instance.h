// SPDX-License-Identifier: Apache-2.0
// Instance: a selection on one worker. Its host is what the module knows it by, and every hook is called through a HookScope
// on it. All [worker] but answer() and tasks().post().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/hooks.h"
#include "core/plugin/hosts.h"
#include "core/plugin/instance_parts.h"
#include "core/plugin/module.h"
#include "core/plugin/module_figures.h"
#include "core/plugin/patience.h"
#include "core/plugin/stage.h"

namespace dunlin {

class Instance final : public std::enable_shared_from_this<Instance> {
 public:
  // REQUIRES: `figures` (its module's) outlive it
  static Result<std::shared_ptr<Instance>> create(std::shared_ptr<Stage> stage, std::shared_ptr<Selection> selection,
                                                  ModuleFigures& figures);
  ~Instance() = default;  // REQUIRES: destroy() was called, if create() succeeded
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Runs what other threads have handed in, destroys the module's instance, then stops its timers and requests. From
  // here on nothing calls into the module. REQUIRES: its tickets are released.
  void destroy();
  bool alive() const { return alive_; }

  dunlin_instance* raw() const { return raw_; }
  // What the module knows it by.
  const Host& host() const { return host_; }
  Log& log() const { return *host_.log(); }
  const std::string& module() const { return host_.module(); }
  bool on_own_thread() const { return host_.on_own_thread(); }
  const dunlin_auth* auth() const { return auth_; }
  const dunlin_router* router() const { return router_; }
  const dunlin_subscribe_guard* guard() const { return guard_; }
  const dunlin_publish_filter* filter() const { return filter_; }
  const dunlin_http_route* route() const { return route_; }
  const dunlin_framer* framer() const { return framer_; }

  Stage& stage() const { return *stage_; }
  Services& services() const { return stage_->services; }
  HookTimes& times() { return figures_.times(); }
  const char* lasting_name() const { return figures_.module(); }  // of the module; outlives this
  InstanceTimers& timers() { return timers_; }
  InstanceRequests& requests() { return requests_; }
  InstanceCommands& commands() { return commands_; }
  InstanceTasks& tasks() { return tasks_; }
  InstanceMetrics& metrics() { return metrics_; }
  InstanceCache& cache() { return cache_; }
  SharedCache& shared_cache() { return selection_->cache(); }  // [any-thread]

  // [any-thread] dunlin_ticket_api::answer, arguments checked.
  dunlin_status answer(dunlin_ticket ticket, dunlin_verdict verdict, const dunlin_answer* given);
  // [any-thread] What has been copied and checked.
  dunlin_status answer(dunlin_ticket ticket, Answer answer);

  // The module did what it may not do, or did not answer.
  void log_fault(Hook hook, ClientId conn, std::string_view why);
  void count(Asking asking, Outcome outcome) { figures_.count(asking, outcome); }
  void compared(bool agreed) { figures_.compared(agreed); }
  ProcessFigures& processes() { return figures_.processes(); }  // of a module that is isolated
  void collect(std::vector<Sample>& out) const;

  // Wraps a callback of the module for Services: it is dropped once this instance is being destroyed.
  template <class Call>
  auto guarded(Hook hook, Call call) {
    return [self = weak_from_this(), hook, call, cause = cause()](auto&&... args) {
      const std::shared_ptr<Instance> instance = self.lock();
      if (!instance || !instance->alive()) return;
      HookScope scope(*instance, hook, 0, cause);
      call(std::forward<decltype(args)>(args)...);
    };
  }
  // The same for a callback that comes within a time of its own: until then the deadline of the question for whose sake it
  // is waited for stands still.
  template <class Call>
  auto guarded_patiently(Hook hook, Call call) {
    return [done = guarded(hook, call), patience = std::make_shared<const Patience>(stage_, cause())](auto&&... args) {
      done(std::forward<decltype(args)>(args)...);
    };
  }
  // That of the hook that runs now.
  dunlin_ticket cause() const { return stage_->running ? stage_->running->cause() : 0; }

 private:
  dunlin_status late_answer();
  Instance(std::shared_ptr<Stage> stage, std::shared_ptr<Selection> selection, ModuleFigures& figures);

  std::shared_ptr<Stage> stage_;
  std::shared_ptr<Selection> selection_;
  WorkerHost& host_;
  const dunlin_auth* auth_;
  const dunlin_router* router_;
  const dunlin_subscribe_guard* guard_;
  const dunlin_publish_filter* filter_;
  const dunlin_http_route* route_;
  const dunlin_framer* framer_;
  dunlin_instance* raw_ = nullptr;
  bool alive_ = false;
  ModuleFigures& figures_;
  Trickle fault_lines_;
  InstanceTimers timers_;
  InstanceRequests requests_;
  InstanceCommands commands_;
  InstanceTasks tasks_;
  InstanceMetrics metrics_;
  InstanceCache cache_;
};

}  // namespace dunlin
