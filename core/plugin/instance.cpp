// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/instance.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/plugin/abi_text.h"

namespace dunlin {

Instance::Instance(std::shared_ptr<Stage> stage, std::shared_ptr<Selection> selection, ModuleFigures& figures)
    : stage_(std::move(stage)), selection_(std::move(selection)),
      host_(stage_->services.hosts().take(stage_->log, selection_->name(), selection_->environment().config_directory,
                                          selection_->environment().isolated, *this)),
      auth_(selection_->auth()), router_(selection_->router()),
      guard_(selection_->guard()), filter_(selection_->filter()), route_(selection_->route()),
      framer_(selection_->framer()), figures_(figures) {
  if (auth_) figures_.serves(Asking::auth);
  if (guard_) figures_.serves(Asking::guard);
  if (filter_) figures_.serves(Asking::filter);
  if (route_) figures_.serves(Asking::route);
}

Result<std::shared_ptr<Instance>> Instance::create(std::shared_ptr<Stage> stage, std::shared_ptr<Selection> selection,
                                                   ModuleFigures& figures) {
  std::shared_ptr<Instance> instance(new Instance(std::move(stage), std::move(selection), figures));
  const dunlin_module& module = instance->selection_->module();
  instance->alive_ = true;
  dunlin_status status;
  {
    HookScope scope(*instance, Hook::create);
    status = module.create(&instance->host_, instance->selection_->settings(), &instance->raw_);
  }
  if (status == DUNLIN_OK) return instance;
  instance->alive_ = false;
  instance->tasks_.finish(*instance);
  instance->timers_.stop_all(instance->services());
  instance->requests_.cancel_all(instance->services());
  instance->commands_.cancel_all(instance->services());
  instance->cache_.stop(*instance);
  instance->services().hosts().give_back(instance->host_);
  return fail(Errc::unavailable, fmt::format("module \"{}\": create failed on worker {}: {}", instance->module(),
                                             instance->stage_->worker, status_name(status)));
}

void Instance::destroy() {
  tasks_.finish(*this);
  alive_ = false;
  {
    HookScope scope(*this, Hook::destroy);
    selection_->module().destroy(std::exchange(raw_, nullptr));
  }
  timers_.stop_all(services());
  requests_.cancel_all(services());
  commands_.cancel_all(services());
  cache_.stop(*this);
  services().hosts().give_back(host_);
  figures_.keep(metrics_);
}

dunlin_status Instance::answer(dunlin_ticket ticket, dunlin_verdict verdict, const dunlin_answer* given) {
  if (!stage_->tickets.is_open(ticket, this)) return late_answer();
  return answer(ticket, copy_answer(verdict, given));
}

dunlin_status Instance::late_answer() {
  stage_->late_answers.fetch_add(1, std::memory_order_relaxed);
  return DUNLIN_E_GONE;
}

dunlin_status Instance::answer(dunlin_ticket ticket, Answer answer) {
  if (!stage_->tickets.claim(ticket, this)) return late_answer();
  const bool here = on_own_thread();
  if (HookScope* scope = here ? stage_->running : nullptr; scope && scope->ticket() == ticket) {
    scope->answer = std::move(answer);  // taken when the hook returns
    return DUNLIN_OK;
  }
  auto hand_over = [stage = stage_, ticket, answer = std::move(answer)]() mutable {
    if (stage->taker) stage->taker->take(ticket, std::move(answer));
  };
  if (here) {
    services().defer(std::move(hand_over));
    return DUNLIN_OK;
  }
  return services().post(std::move(hand_over)) ? DUNLIN_OK : DUNLIN_E_GONE;
}

void Instance::log_fault(Hook hook, ClientId conn, std::string_view why) {
  if (!fault_lines_.let_through(steady_ms())) return;
  log().warn("module fault", {{"module", module()}, {"hook", hook_name(hook)}, {"client", conn.text()}, {"why", why},
                              {"more_held_back", fault_lines_.take_held_back()}});
}

void Instance::collect(std::vector<Sample>& out) const { collect_own(module(), stage_->worker, metrics_, out); }

}  // namespace dunlin
