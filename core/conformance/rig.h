// SPDX-License-Identifier: Apache-2.0
// Rig: one module on a worker that stands still until it is moved: what the conformance suite puts its questions through.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/conformance/memory_services.h"
#include "core/plugin/module.h"
#include "core/plugin/runtime.h"

namespace dunlin {

class Rig final : public AnswerSink {
 public:
  // REQUIRES: `selection` is configured
  // `log` and what is in `hosts` may outlive it: a thread that the module left behind calls by them.
  Rig(std::shared_ptr<Selection> selection, Log& log, std::shared_ptr<Hosts> hosts);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  Status start();  // creates the instance
  void stop() { runtime_.reset(); }

  // A swap: instances of `selection` beside those that are there, which serve what comes from here on; each connection that
  // is open is handed over; then the old ones are destroyed (false: they have work on the pool).
  Status prepare(std::shared_ptr<Selection> selection);
  void hand_over(ClientId id);
  bool retire();

  enum class Login { allowed, denied, unavailable, waits };
  Login login(ClientId id, std::string_view token);
  std::optional<Login> login_answer(ClientId id) const;
  const std::string& reason() const { return reason_; }  // of the last log-in that was answered
  std::optional<RouterOutcome> open(ClientId id);
  std::optional<RouterOutcome> message(ClientId id, Kind kind, std::string_view data);
  void close(ClientId id);
  std::int64_t input(ClientId id, std::string unread);
  bool encode(ClientId id, const std::string& data);  // false: nothing came out
  void leave(ClientId id) { runtime_->cancel(id); }
  bool guard(ClientId id, std::string_view channel);  // false: the answer comes later
  FilterOutcome filter(std::string data);
  bool serve(std::size_t route, std::string body);    // likewise
  const std::vector<ModuleSet::Route>& routes() const { return runtime_->routes(); }

  // Lets what was begun come to its end: tasks, threads (for a moment), and HTTP requests, which are answered like this.
  void settle(int http_code, const std::string& http_body, Millis moment = Millis{50});
  // Likewise after stop(): nothing that is left over may reach the module.
  void settle_stopped();
  void advance(Millis by) { services_.advance(by); }
  bool pending() const { return figure("dunlin_tickets_pending") > 0; }
  // The sum of a figure over its labels, or over those that carry this one.
  double figure(std::string_view name, std::string_view label = {}) const;

  MemoryServices& services() { return services_; }

  static constexpr Millis kDeadline{5000};

 private:
  void login_answered(ClientId id, LoginAnswer answer) override;
  void router_answered(ClientId, RouterOutcome) override {}
  const ModuleSet::EndpointModules& modules() const { return sets_.back()->endpoints[0][0]; }
  const ModuleSet& before() const { return *sets_[sets_.size() - 2]; }

  Log& log_;
  MemoryServices services_;
  std::vector<std::unique_ptr<ModuleSet>> sets_;  // the last serves
  std::unique_ptr<ModuleRuntime> runtime_;
  std::unordered_map<ClientId, Login> logins_;
  std::string reason_;
};

}  // namespace dunlin
