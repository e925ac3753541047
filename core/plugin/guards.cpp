// SPDX-License-Identifier: Apache-2.0
// The guards of an endpoint: all are asked, in order; one that denies or fails refuses, and at least one must allow.
#include <utility>

#include "core/plugin/abi_text.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {

struct ModuleRuntime::Impl::GuardWalk {
  const EndpointModules* endpoint;
  ClientId id;
  std::string channel;
  GuardDone done;
  std::size_t step = 0;
  bool allowed = false;
};

void ModuleRuntime::Impl::guard(const EndpointModules& endpoint, ClientId id, std::string channel, GuardDone done) {
  walk(std::make_shared<GuardWalk>(GuardWalk{&endpoint, id, std::move(channel), std::move(done)}));
}

void ModuleRuntime::Impl::walk(const std::shared_ptr<GuardWalk>& walk) {
  for (; walk->step < walk->endpoint->guards.size(); ++walk->step) {
    const ModuleSet::ChainStep& step = walk->endpoint->guards[walk->step];
    const std::shared_ptr<Instance>& instance = instances_[step.slot];
    const dunlin_subscribe_guard& guard = *instance->guard();
    const auto call = [&](dunlin_ticket ticket) {
      return guard.check(instance->raw(), walk->id.value(), lend(walk->channel), ticket);
    };
    const auto answer = questions_.ask({instance, Hook::guard, walk->id, step.deadline, guard.cancel}, call,
                                       [this, walk](const std::optional<Answer>& later) { guard_told(walk, later); });
    if (!answer || !agrees(*walk, *answer)) return;
  }
  walk->done(walk->allowed ? DUNLIN_OK : DUNLIN_E_DENIED);
}

void ModuleRuntime::Impl::guard_told(const std::shared_ptr<GuardWalk>& walk, const std::optional<Answer>& answer) {
  if (!answer) return walk->done(DUNLIN_E_GONE);
  if (!agrees(*walk, *answer)) return;
  ++walk->step;
  this->walk(walk);
}

// False: it is decided, and that has been said.
bool ModuleRuntime::Impl::agrees(GuardWalk& walk, const Answer& answer) {
  const ModuleSet::ChainStep& step = walk.endpoint->guards[walk.step];
  Instance& instance = *instances_[step.slot];
  const Outcome outcome = outcome_of(answer);
  instance.count(Asking::guard, outcome);
  if (answer.fault) {
    instance.log_fault(Hook::guard, walk.id, answer.reason);
    if (step.on_error_pass) return true;
    walk.done(DUNLIN_E_UNAVAILABLE);
    return false;
  }
  if (outcome == Outcome::allow) walk.allowed = true;
  if (outcome != Outcome::deny) return true;
  stage_->log.info("subscription refused", {{"module", instance.module()}, {"client", walk.id.text()},
                                            {"channel", walk.channel}, {"reason", answer.reason}});
  walk.done(DUNLIN_E_DENIED);
  return false;
}

}  // namespace dunlin
