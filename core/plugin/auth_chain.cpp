// SPDX-License-Identifier: Apache-2.0
// The auth chain of an endpoint: PASS asks the next, ALLOW or DENY decides, all passing refuses. A fault (an error, no
// verdict, ALLOW without a uid, the deadline) ends it as "try later", unless its entry says `on_error: pass`.
#include <utility>

#include "core/plugin/abi_text.h"
#include "core/plugin/canary.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {

std::optional<LoginAnswer> ModuleRuntime::Impl::login(const EndpointModules& endpoint, ClientId id,
                                                      std::string_view token, std::uint32_t source) {
  const auto waiting = waiting_.empty() ? waiting_.end() : waiting_.find(id);  // mostly nobody waits
  if (waiting != waiting_.end() && waiting->second.login)
    return LoginAnswer{.identity = {}, .module = {}, .reason = "a log-in of this connection is running already"};
  LoginWait wait{&endpoint, 0, {}, source, 0};
  if (!stage_->running) return run_chain(id, wait, token);
  // A module asks for it. No hook is called from inside a service: it begins when that hook has returned.
  wait.token = token;
  waiting_[id].login = std::move(wait);
  stage_->services.defer([this, stage = stage_, id] {
    if (stage->taker) begin_login(id);
  });
  return std::nullopt;
}

void ModuleRuntime::Impl::begin_login(ClientId id) {
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end() || !waiting->second.login || waiting->second.login->ticket) return;  // it has left
  LoginWait wait = std::move(*waiting->second.login);
  waiting->second.login.reset();
  auto answer = run_chain(id, wait, wait.token);
  if (!answer) return;
  forget(id);
  sink_.login_answered(id, std::move(*answer));
}

std::optional<LoginAnswer> ModuleRuntime::Impl::run_chain(ClientId id, LoginWait& wait, std::string_view token) {
  const dunlin_credentials credentials{lend(token), wait.source, 0};
  for (; wait.step < wait.endpoint->auth.size(); ++wait.step) {
    const ModuleSet::ChainStep& step = wait.endpoint->auth[wait.step];
    const bool canary = is_canary(step, id);
    wait.slot = canary && !step.canary.shadow ? step.canary.slot : step.slot;
    wait.shadow = nullptr;
    Instance& instance = auth_of(wait);
    Asked asked = ask(instance, Hook::check, [&](dunlin_ticket ticket) {
      return instance.auth()->check(instance.raw(), id.value(), &credentials, ticket);
    });
    if (canary && step.canary.shadow) ask_shadow(id, wait, credentials);
    if (!wait.shadow && (asked.verdict == DUNLIN_PASS || asked.verdict == DUNLIN_DENY)) {
      const bool denied = asked.verdict == DUNLIN_DENY;
      instance.count(Asking::auth, denied ? Outcome::deny : Outcome::pass);
      if (!denied) continue;
      std::optional<LoginAnswer> decided(std::in_place);  // made where it is needed: to move one costs as much as to ask
      decided->outcome = LoginOutcome::denied;
      decided->module = instance.module();
      return decided;
    }
    std::optional<Answer> answer = asked.take();
    if (!answer) {
      await(asked.ticket, id, true, wait.slot == step.slot ? step.deadline : step.canary.deadline);
      wait.ticket = asked.ticket;
      if (wait.token.empty()) wait.token = token;
      waiting_[id].login = std::move(wait);
      return std::nullopt;
    }
    if (auto decided = judge(wait, id, std::move(*answer))) return decided;
  }
  return LoginAnswer{.outcome = LoginOutcome::denied, .identity = {}, .module = {}, .reason = {}};
}

// Empty: the next one is asked.
std::optional<LoginAnswer> ModuleRuntime::Impl::judge(const LoginWait& wait, ClientId id, Answer answer) {
  const ModuleSet::ChainStep& step = wait.endpoint->auth[wait.step];
  Instance& instance = auth_of(wait);
  answer = with_identity(std::move(answer));
  if (wait.shadow) settle(wait, answer);
  instance.count(Asking::auth, outcome_of(answer));
  if (answer.fault) {
    instance.log_fault(Hook::check, id, answer.reason);
    if (wait.slot == step.slot ? step.on_error_pass : step.canary.on_error_pass) return std::nullopt;
    return LoginAnswer{.identity = {}, .module = instance.module(), .reason = std::move(answer.reason)};
  }
  if (answer.verdict == DUNLIN_PASS) return std::nullopt;
  const bool allowed = answer.verdict == DUNLIN_ALLOW;
  return LoginAnswer{allowed ? LoginOutcome::allowed : LoginOutcome::denied, std::move(answer.identity),
                     instance.module(), std::move(answer.reason)};
}

void ModuleRuntime::Impl::login_taken(ClientId id, Answer answer) {
  Waiting& waiting = waiting_.at(id);
  LoginWait wait = std::move(*waiting.login);
  waiting.login.reset();
  wait.ticket = 0;
  auto decided = judge(wait, id, std::move(answer));
  if (!decided) {
    ++wait.step;
    decided = run_chain(id, wait, wait.token);
  }
  if (!decided) return;
  forget(id);
  sink_.login_answered(id, std::move(*decided));
}

}  // namespace dunlin
