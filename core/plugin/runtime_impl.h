// SPDX-License-Identifier: Apache-2.0
// The inside of ModuleRuntime: questions (runtime.cpp), the auth chain (auth_chain.cpp), the router (router.cpp), guards
// (guards.cpp), filters (filters.cpp), HTTP routes (routes.cpp), and the answers that come later. All [worker].
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/plugin/ask.h"
#include "core/plugin/questions.h"
#include "core/plugin/runtime.h"
#include "core/plugin/stage.h"

namespace dunlin {

class ModuleRuntime::Impl final : public AnswerTaker {
 public:
  using EndpointModules = ModuleSet::EndpointModules;

  Impl(Services& services, AnswerSink& sink, Log& log, unsigned worker)
      : sink_(sink), stage_(std::make_shared<Stage>(services, log, worker, *this)), questions_(*stage_) {}
  ~Impl();

  Status prepare(const ModuleSet& set);
  void use(const ModuleSet& set);
  bool retire(const ModuleSet& set, bool overdue);

  std::optional<LoginAnswer> login(const EndpointModules& endpoint, ClientId id, std::string_view token,
                                   std::uint32_t source);
  std::optional<RouterOutcome> open(const EndpointModules& endpoint, ClientId id);
  std::optional<RouterOutcome> message(const EndpointModules& endpoint, ClientId id, Kind kind, std::string_view data);
  void close(const EndpointModules& endpoint, ClientId id, int code, std::string_view why);
  void guard(const EndpointModules& endpoint, ClientId id, std::string channel, GuardDone done);
  bool filters() const { return !filters_.empty(); }
  FilterOutcome filter(const std::string& channel, Kind& kind, std::string& data);
  const std::vector<ModuleSet::Route>& routes() const { return routes_; }
  void serve(const ModuleSet::Route& route, const RouteCall& call, RouteDone done);
  bool in_hook() const { return stage_->running != nullptr; }
  void hand_over(const EndpointModules& from, const EndpointModules& to, ClientId id);
  void release(const EndpointModules& from, ClientId id);
  bool pending(ClientId id) const { return waiting_.contains(id); }
  void cancel(ClientId id, std::int32_t reason);
  std::int64_t input(const EndpointModules& endpoint, ClientId id, std::string_view unread);
  Encoded encode(const EndpointModules& endpoint, ClientId id, const Message& message);
  void collect(std::vector<Sample>& out) const;

  void take(dunlin_ticket ticket, Answer answer) override;

 private:
  struct Shadow;
  // A log-in that has not ended: at `step` of its endpoint's chain.
  struct LoginWait {
    const EndpointModules* endpoint;
    std::size_t step;
    std::string token;
    std::uint32_t source;
    dunlin_ticket ticket;  // 0: it begins when the hook that asked for it has returned
    std::size_t slot = 0;  // of who is asked: the step's module or its canary
    std::shared_ptr<Shadow> shadow = nullptr;  // both are asked: what the other one says
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
  void await(dunlin_ticket ticket, ClientId id, bool login, Millis deadline);
  void expired(dunlin_ticket ticket);
  void revoke(dunlin_ticket ticket, Instance& instance, bool login, std::int32_t reason);
  void call_cancel(Instance& instance, bool login, dunlin_ticket ticket, std::int32_t reason);
  void cancel(Waiting& waiting, std::int32_t reason);
  void forget(ClientId id);  // its entry, when nothing is pending for it

  // Asks from `wait.step` on; empty: `wait` has been put away until the answer comes, with a copy of the token.
  std::optional<LoginAnswer> run_chain(ClientId id, LoginWait& wait, std::string_view token);
  std::optional<LoginAnswer> judge(const LoginWait& wait, ClientId id, Answer answer);
  // The canary (canary.cpp).
  void ask_shadow(ClientId id, LoginWait& wait, const dunlin_credentials& credentials);
  void settle(const LoginWait& wait, const Answer& answer);
  void compare(const Shadow& shadow);
  void begin_login(ClientId id);
  void login_taken(ClientId id, Answer answer);

  template <class Call>
  std::optional<RouterOutcome> ask_router(const EndpointModules& endpoint, ClientId id, Hook hook, Call call);
  RouterOutcome judge(Instance& instance, Hook hook, ClientId id, const Answer& answer);
  void router_taken(ClientId id, const Answer& answer);

  struct GuardWalk;
  void walk(const std::shared_ptr<GuardWalk>& walk);
  void guard_told(const std::shared_ptr<GuardWalk>& walk, const std::optional<Answer>& answer);
  bool agrees(GuardWalk& walk, const Answer& answer);
  static Answer filter_by(Instance& instance, const std::string& channel, Kind& kind, std::string& data);
  static Reply reply_of(Instance& instance, const Answer& answer);

  Instance& auth_of(const LoginWait& wait) { return *instances_[wait.slot]; }
  Instance& router_of(const EndpointModules& endpoint) { return *instances_[endpoint.router]; }

  AnswerSink& sink_;
  std::shared_ptr<Stage> stage_;
  std::vector<std::shared_ptr<Instance>> instances_;  // by slot; those of no set are empty
  std::map<std::string, ModuleFigures> figures_;      // by module; they outlive its instances
  std::unordered_map<ClientId, Waiting> waiting_;
  Questions questions_;
  std::vector<ModuleSet::ChainStep> filters_;
  std::vector<ModuleSet::Route> routes_;
  std::string scratch_;  // a message on its way to a module, NUL-terminated
};

}  // namespace dunlin
