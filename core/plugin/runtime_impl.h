// SPDX-License-Identifier: Apache-2.0
// The inside of ModuleRuntime: questions (runtime.cpp), the auth chain (auth_chain.cpp), the router (router.cpp), and
// the answers that come later. All [worker].
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/plugin/instance.h"
#include "core/plugin/runtime.h"
#include "core/plugin/stage.h"

namespace dunlin {

class ModuleRuntime::Impl final : public AnswerTaker {
 public:
  using EndpointModules = ModuleSet::EndpointModules;

  Impl(Services& services, AnswerSink& sink, Log& log, unsigned worker)
      : sink_(sink), stage_(std::make_shared<Stage>(services, log, worker, *this)) {}
  ~Impl();

  Status create(const ModuleSet& set);

  std::optional<LoginAnswer> login(const EndpointModules& endpoint, ClientId id, std::string_view token,
                                   std::uint32_t source);
  std::optional<RouterOutcome> open(const EndpointModules& endpoint, ClientId id);
  std::optional<RouterOutcome> message(const EndpointModules& endpoint, ClientId id, Kind kind, std::string_view data);
  void close(const EndpointModules& endpoint, ClientId id, int code, std::string_view why);
  void cancel(ClientId id);
  void collect(std::vector<Sample>& out) const;

  void take(dunlin_ticket ticket, Answer answer) override;

 private:
  // A log-in that has not ended: at `step` of its endpoint's chain.
  struct LoginWait {
    const EndpointModules* endpoint;
    std::size_t step;
    std::string token;
    std::uint32_t source;
    dunlin_ticket ticket;  // 0: it begins when the hook that asked for it has returned
  };
  struct RouterWait {
    const EndpointModules* endpoint;
    dunlin_ticket ticket;
    Hook hook;
  };
  // What is pending for one connection.
  struct Waiting {
    std::optional<LoginWait> login;
    std::optional<RouterWait> router;
  };
  // The answer; or, when it comes later, the ticket.
  struct Asked {
    std::optional<Answer> answer;
    dunlin_ticket ticket;
  };

  template <class Call>
  Asked ask(Instance& instance, Hook hook, Call call) {
    const dunlin_ticket ticket = stage_->tickets.open(&instance);
    if (ticket == 0) return {fault_answer("a million questions are open already"), 0};
    dunlin_verdict verdict;
    std::optional<Answer> answer;
    {
      HookScope scope(instance, hook, ticket);
      verdict = call(ticket);
      answer = std::move(scope.answer);
    }
    // A claim that fails here was lost to another thread, whose answer is on its way.
    if (!answer && verdict != DUNLIN_PENDING && stage_->tickets.claim(ticket, &instance))
      answer = copy_answer(verdict, nullptr);
    if (answer) stage_->tickets.release(ticket);
    return {std::move(answer), ticket};
  }

  void await(dunlin_ticket ticket, ClientId id, bool login, Millis deadline);
  void expired(dunlin_ticket ticket);
  void revoke(dunlin_ticket ticket, Instance& instance, bool login, std::int32_t reason);
  void call_cancel(Instance& instance, bool login, dunlin_ticket ticket, std::int32_t reason);
  void cancel(Waiting& waiting, std::int32_t reason);
  void forget(ClientId id);  // its entry, when nothing is pending for it

  // Asks from `wait.step` on; empty: `wait` has been put away until the answer comes, with a copy of the token.
  std::optional<LoginAnswer> run_chain(ClientId id, LoginWait& wait, std::string_view token);
  std::optional<LoginAnswer> judge(const ModuleSet::AuthStep& step, ClientId id, Answer answer);
  void begin_login(ClientId id);
  void login_taken(ClientId id, Answer answer);

  template <class Call>
  std::optional<RouterOutcome> ask_router(const EndpointModules& endpoint, ClientId id, Hook hook, Call call);
  RouterOutcome judge(Instance& instance, Hook hook, ClientId id, const Answer& answer);
  void router_taken(ClientId id, const Answer& answer);

  Instance& auth_of(const LoginWait& wait) { return *instances_[wait.endpoint->auth[wait.step].selection]; }
  Instance& router_of(const EndpointModules& endpoint) { return *instances_[endpoint.router]; }

  AnswerSink& sink_;
  std::shared_ptr<Stage> stage_;
  std::vector<std::shared_ptr<Instance>> instances_;  // as in ModuleSet::selections
  std::unordered_map<ClientId, Waiting> waiting_;
  std::string scratch_;  // a message on its way to a module, NUL-terminated
};

}  // namespace dunlin
