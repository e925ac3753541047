// SPDX-License-Identifier: Apache-2.0
// The router of an endpoint: PASS and ALLOW go on, DENY closes, anything else and the deadline are its fault.
#include <utility>

#include "core/plugin/abi_text.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {

template <class Call>
std::optional<RouterOutcome> ModuleRuntime::Impl::ask_router(const EndpointModules& endpoint, ClientId id, Hook hook,
                                                             Call call) {
  Instance& instance = router_of(endpoint);
  Asked asked = ask(instance, hook, [&](dunlin_ticket ticket) { return call(instance, ticket); });
  if (asked.said_all()) return asked.verdict == DUNLIN_DENY ? RouterOutcome::deny : RouterOutcome::proceed;
  if (asked.answer) return judge(instance, hook, id, *asked.answer);
  await(asked.ticket, id, false, endpoint.router_deadline);
  waiting_[id].router = RouterWait{&endpoint, asked.ticket, hook};
  return std::nullopt;
}

std::optional<RouterOutcome> ModuleRuntime::Impl::open(const EndpointModules& endpoint, ClientId id) {
  return ask_router(endpoint, id, Hook::open, [&](Instance& instance, dunlin_ticket ticket) {
    return instance.router()->open(instance.raw(), id.value(), ticket);
  });
}

std::optional<RouterOutcome> ModuleRuntime::Impl::message(const EndpointModules& endpoint, ClientId id, Kind kind,
                                                          std::string_view data) {
  scratch_.assign(data);  // what a module is handed ends with a NUL; a read buffer does not
  dunlin_message message{lend(scratch_), kind == Kind::text ? DUNLIN_TEXT : DUNLIN_BINARY, 0};
  auto outcome = ask_router(endpoint, id, Hook::message, [&](Instance& instance, dunlin_ticket ticket) {
    return instance.router()->message(instance.raw(), id.value(), &message, ticket);
  });
  constexpr std::size_t kKeep = 64 * 1024;
  if (scratch_.capacity() > kKeep) std::string().swap(scratch_);
  return outcome;
}

void ModuleRuntime::Impl::close(const EndpointModules& endpoint, ClientId id, int code, std::string_view why) {
  Instance& instance = router_of(endpoint);
  const std::string text(why);
  const dunlin_str reason = lend(text);
  HookScope scope(instance, Hook::close);
  instance.router()->close(instance.raw(), id.value(), code, text.empty() ? nullptr : &reason);
}

void ModuleRuntime::Impl::release(const EndpointModules& from, ClientId id) {
  Instance& instance = router_of(from);
  if (!instance.router()->release) return;
  HookScope scope(instance, Hook::release);
  instance.router()->release(instance.raw(), id.value());
}

void ModuleRuntime::Impl::hand_over(const EndpointModules& from, const EndpointModules& to, ClientId id) {
  release(from, id);
  Instance& instance = router_of(to);
  if (!instance.router()->adopt) return;
  HookScope scope(instance, Hook::adopt);
  instance.router()->adopt(instance.raw(), id.value());
}

RouterOutcome ModuleRuntime::Impl::judge(Instance& instance, Hook hook, ClientId id, const Answer& answer) {
  if (answer.fault) {
    instance.log_fault(hook, id, answer.reason);
    return RouterOutcome::fault;
  }
  if (answer.verdict != DUNLIN_DENY) return RouterOutcome::proceed;
  if (!answer.reason.empty())
    stage_->log.info("refused by the router", {{"module", instance.module()}, {"hook", hook_name(hook)},
                                               {"client", id.text()}, {"reason", answer.reason}});
  return RouterOutcome::deny;
}

void ModuleRuntime::Impl::router_taken(ClientId id, const Answer& answer) {
  Waiting& waiting = waiting_.at(id);
  const RouterWait wait = *waiting.router;
  waiting.router.reset();
  forget(id);
  const RouterOutcome outcome = judge(router_of(*wait.endpoint), wait.hook, id, answer);
  sink_.router_answered(id, outcome);
}

}  // namespace dunlin
