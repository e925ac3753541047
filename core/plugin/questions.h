// SPDX-License-Identifier: Apache-2.0
// Questions: those that are put to guards and routes, from question to answer, deadline or departure. (The auth chain and
// the router keep theirs with the connection: runtime_impl.h.) All [worker].
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/plugin/ask.h"

namespace dunlin {

class Questions {
 public:
  using Cancel = void (*)(dunlin_instance*, dunlin_ticket, std::int32_t) DUNLIN_NOTHROW;
  // Nothing: the connection has left.
  using Told = std::function<void(std::optional<Answer>)>;

  struct About {
    std::shared_ptr<Instance> instance;
    Hook hook;
    ClientId conn;  // 0: about none
    Millis deadline;
    Cancel cancel;  // may be nullptr
  };

  explicit Questions(Stage& stage) : stage_(stage) {}

  // The answer; or nothing, and `told` is called once, later.
  template <class Call>
  std::optional<Answer> ask(About about, Call call, Told told) {
    Asked asked = dunlin::ask(*about.instance, about.hook, call);
    std::optional<Answer> answer = asked.take();
    if (!answer) keep(asked.ticket, std::move(about), std::move(told));
    return answer;
  }

  // False: the ticket belongs to somebody else, and the answer has not been touched.
  bool take(dunlin_ticket ticket, Answer& answer);
  // Takes back what was asked about a connection; those who wait are told that it has left.
  void cancel(ClientId conn, std::int32_t reason);
  // Takes back what was asked of an instance that must go; those who wait are told of a fault.
  void cut(const Instance& of);
  // Takes back what was asked of one instance, or of all; nobody is told.
  void stop(const Instance* of = nullptr);
  // Is an answer of this instance awaited?
  bool waits_for(const Instance& instance) const;

 private:
  struct Open {
    About about;
    Told told;
    std::uint64_t timer;
  };
  void keep(dunlin_ticket ticket, About about, Told told);
  void expired(dunlin_ticket ticket);
  Open close(dunlin_ticket ticket);
  void take_back(dunlin_ticket ticket, const Open& open, std::int32_t reason);

  Stage& stage_;
  std::unordered_map<dunlin_ticket, Open> open_;
  std::unordered_multimap<ClientId, dunlin_ticket> by_conn_;
};

}  // namespace dunlin
