// SPDX-License-Identifier: Apache-2.0
// A canary in the shadow: it is asked what the module is asked, after it, and its answer is only compared.
#include "core/plugin/canary.h"

#include <utility>

#include "core/plugin/runtime_impl.h"

namespace dunlin {
namespace {

std::string in_words(const Answer& answer) {
  constexpr const char* kWords[] = {"allow", "deny", "pass", "fault", "deadline"};
  const Outcome outcome = outcome_of(answer);
  const char* word = kWords[static_cast<std::size_t>(outcome)];
  return outcome == Outcome::allow ? std::string(word) + " " + answer.identity.uid : word;
}

bool agree(const Answer& one, const Answer& other) {
  if (outcome_of(one) != outcome_of(other)) return false;
  return outcome_of(one) != Outcome::allow ||
         (one.identity.uid == other.identity.uid && one.identity.uid_kind == other.identity.uid_kind);
}

}  // namespace

struct ModuleRuntime::Impl::Shadow {
  std::shared_ptr<Instance> canary;
  std::string module;
  ClientId id;
  std::optional<Answer> of_canary, of_module;
};

void ModuleRuntime::Impl::ask_shadow(ClientId id, LoginWait& wait, const dunlin_credentials& credentials) {
  const ModuleSet::CanaryStep& step = wait.endpoint->auth[wait.step].canary;
  const auto shadow = wait.shadow = std::make_shared<Shadow>(
      Shadow{instances_[step.slot], auth_of(wait).module(), id, std::nullopt, std::nullopt});
  const dunlin_auth& auth = *shadow->canary->auth();
  const auto told = [this, shadow](std::optional<Answer> answer) {
    if (!answer) return;  // the connection has left
    answer = with_identity(std::move(*answer));
    if (answer->fault) shadow->canary->log_fault(Hook::check, shadow->id, answer->reason);
    shadow->canary->count(Asking::auth, outcome_of(*answer));
    shadow->of_canary = std::move(answer);
    compare(*shadow);
  };
  auto answer = questions_.ask(
      {shadow->canary, Hook::check, id, step.deadline, auth.cancel},
      [&](dunlin_ticket ticket) { return auth.check(shadow->canary->raw(), id.value(), &credentials, ticket); }, told);
  if (answer) told(std::move(answer));
}

void ModuleRuntime::Impl::settle(const LoginWait& wait, const Answer& answer) {
  wait.shadow->of_module = answer;
  compare(*wait.shadow);
}

// When both have answered.
void ModuleRuntime::Impl::compare(const Shadow& shadow) {
  if (!shadow.of_canary || !shadow.of_module) return;
  const bool agreed = agree(*shadow.of_canary, *shadow.of_module);
  shadow.canary->compared(agreed);
  if (!agreed)
    stage_->log.info("canary differs", {{"canary", shadow.canary->module()}, {"module", shadow.module},
                                        {"client", shadow.id.text()}, {"canary_says", in_words(*shadow.of_canary)},
                                        {"module_says", in_words(*shadow.of_module)}});
}

}  // namespace dunlin
