// SPDX-License-Identifier: Apache-2.0
// How a question is put to a module: a ticket is opened, the hook called, and its answer taken if it has come by then.
#pragma once

#include <optional>
#include <utility>

#include "core/plugin/instance.h"

namespace dunlin {

// The answer; or, when it comes later, the ticket.
struct Asked {
  std::optional<Answer> answer;
  dunlin_ticket ticket;
};

// Calls `call(ticket)`, which enters the module by `hook` and returns its verdict. [worker]
template <class Call>
Asked ask(Instance& instance, Hook hook, Call call) {
  TicketTable& tickets = instance.stage().tickets;
  const dunlin_ticket ticket = tickets.open(&instance);
  if (ticket == 0) return {fault_answer("a million questions are open already"), 0};
  dunlin_verdict verdict;
  std::optional<Answer> answer;
  {
    HookScope scope(instance, hook, ticket);
    verdict = call(ticket);
    answer = std::move(scope.answer);
  }
  // A claim that fails here was lost to another thread, whose answer is on its way.
  if (!answer && verdict != DUNLIN_PENDING && tickets.claim(ticket, &instance)) answer = copy_answer(verdict, nullptr);
  if (answer) tickets.release(ticket);
  return {std::move(answer), ticket};
}

}  // namespace dunlin
