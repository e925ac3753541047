// SPDX-License-Identifier: Apache-2.0
// ModuleRuntime: the modules of one worker at work. Sessions ask their questions here and get the answer at once or
// later. All [worker], but that a ticket may be answered from any thread.
//
// Several sets may be at work at once, while one takes over from another. REQUIRES of every question: the endpoint is of a
// set that was prepared and not retired.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/message.h"
#include "core/base/metrics.h"
#include "core/config/config.h"
#include "core/plugin/module.h"
#include "core/plugin/reply.h"
#include "core/plugin/services.h"

namespace dunlin {

// An identity that a module gave, copied.
struct Identity {
  std::string uid;
  std::uint32_t uid_kind = DUNLIN_UID_NONE;
  std::vector<std::pair<std::string, std::string>> context;  // values are JSON text, checked
  std::vector<std::string> channels;                         // names checked
  std::int64_t expires_at_ms = 0;
};

// How a log-in ended. `unavailable`: nobody could tell (fault, deadline, all broken): try later.
enum class LoginOutcome { allowed, denied, unavailable };

struct LoginAnswer {
  LoginOutcome outcome = LoginOutcome::unavailable;
  Identity identity;   // when allowed
  std::string module;  // that decided; empty: all passed
  std::string reason;  // for the log
};

// How a router answered open or message.
enum class RouterOutcome { proceed, deny, fault };

// What the filters made of a publish.
enum class FilterOutcome { pass, drop, fault };

// Told once: OK, E_DENIED, E_UNAVAILABLE (a guard failed), E_GONE (the connection left).
using GuardDone = std::function<void(dunlin_status)>;

// What a message goes out as on raw TCP connections.
struct Encoded {
  enum class Outcome { done, each, failed };  // each: it depends on the connection
  Outcome outcome = Outcome::failed;
  MessageRef bytes;  // when done; without a frame
};

// Who is told of answers that come later. Never called from inside the question, nor after cancel().
class AnswerSink {
 public:
  virtual void login_answered(ClientId id, LoginAnswer answer) = 0;
  virtual void router_answered(ClientId id, RouterOutcome outcome) = 0;  // to open or message, whichever is pending

 protected:
  ~AnswerSink() = default;
};

class ModuleRuntime {
 public:
  // Creates one instance a selection. `worker` is for logs and metrics.
  static Result<std::unique_ptr<ModuleRuntime>> create(const ModuleSet& set, Services& services, AnswerSink& sink,
                                                       Log& log, unsigned worker);
  // Creates the instances of one more set: all, or none.
  Status prepare(const ModuleSet& set);
  // Its filters and routes are in force from here on. REQUIRES: prepared
  void use(const ModuleSet& set);
  // Nobody asks this set any more: destroys its instances. False: one has work on the pool that has not returned, or has
  // not answered an HTTP request (`overdue`: that is cancelled), so it must be retired once more.
  // REQUIRES: nothing is pending for a connection that it serves; no hook is running
  bool retire(const ModuleSet& set, bool overdue);

  // Cancels what is pending (DUNLIN_CANCEL_STOPPING), destroys the instances, stops their timers and requests. Blocks
  // for what they have on the pool.
  ~ModuleRuntime();

  // Runs the endpoint's auth chain. Empty: the answer comes to the sink. One log-in a connection at a time. Asked from
  // inside a hook it begins when that has returned: no module is entered from a service that a module called.
  // REQUIRES: `token` is NUL-terminated, unless asked from inside a hook
  std::optional<LoginAnswer> login(const ModuleSet::EndpointModules& endpoint, ClientId id, std::string_view token,
                                   std::uint32_t source);
  // Empty: the answer comes to the sink. At most one open or message of a connection is pending.
  std::optional<RouterOutcome> open(const ModuleSet::EndpointModules& endpoint, ClientId id);
  std::optional<RouterOutcome> message(const ModuleSet::EndpointModules& endpoint, ClientId id, Kind kind,
                                       std::string_view data);
  void close(const ModuleSet::EndpointModules& endpoint, ClientId id, int code, std::string_view why);

  // Asks the endpoint's guards whether it may subscribe. `done` may be called at once. REQUIRES: no hook is running.
  void guard(const ModuleSet::EndpointModules& endpoint, ClientId id, std::string channel, GuardDone done);

  // Shows a publish to the filters, which may change it. REQUIRES: no hook is running.
  bool filters() const;  // is there one?
  FilterOutcome filter(const std::string& channel, Kind& kind, std::string& data);

  // The HTTP paths that modules serve. `done` may be called at once. REQUIRES of serve: no hook is running.
  const std::vector<ModuleSet::Route>& routes() const;
  void serve(const ModuleSet::Route& route, const RouteCall& call, RouteDone done);

  // Does a hook or callback of a module run now?
  bool in_hook() const;

  // The router of `from` lets go of a connection that it has opened, that of `to` takes it over.
  // REQUIRES: !pending(id); no hook is running
  void hand_over(const ModuleSet::EndpointModules& from, const ModuleSet::EndpointModules& to, ClientId id);
  // The first half of it, when the other is to open the connection afresh.
  void release(const ModuleSet::EndpointModules& from, ClientId id);

  // Is an answer awaited for this connection?
  bool pending(ClientId id) const;
  // Voids what is pending for it: it has left (DUNLIN_CANCEL_CLOSED), or who is asked must go (DUNLIN_CANCEL_STOPPING).
  void cancel(ClientId id, std::int32_t reason = DUNLIN_CANCEL_CLOSED);

  // Raw TCP: how long the packet is that `unread` begins with, or what else dunlin/framer.h lets a framer say.
  // REQUIRES: `unread` is NUL-terminated; no hook is running
  std::int64_t input(const ModuleSet::EndpointModules& endpoint, ClientId id, std::string_view unread);
  // Raw TCP: the bytes of `message` for one connection, or, without an id, for all of the endpoint.
  // REQUIRES: no hook is running
  Encoded encode(const ModuleSet::EndpointModules& endpoint, ClientId id, const Message& message);

  // Outcomes by module, hook durations, tickets in flight, and the modules' own figures.
  void collect(std::vector<Sample>& out) const;

 private:
  class Impl;
  explicit ModuleRuntime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dunlin
