// SPDX-License-Identifier: Apache-2.0
// How a question is put to a module: a ticket is opened, the hook called, and its answer taken if it has come by then.
#pragma once

#include <optional>
#include <utility>

#include "core/plugin/instance.h"

namespace dunlin {

// What a question has come to when its hook has returned.
struct Asked {
  std::optional<Answer> answer;
  dunlin_ticket ticket;  // of the answer that comes later, when there is none
  // PASS, ALLOW or DENY: the hook's own verdict is all that was said, and there is no answer besides. So it is most often,
  // and an Answer costs more than all the rest of asking.
  dunlin_verdict verdict = DUNLIN_PENDING;

  bool said_all() const { return verdict != DUNLIN_PENDING; }
  // Either of the two; nothing: it comes later.
  std::optional<Answer> take() { return said_all() ? copy_answer(verdict, nullptr) : std::move(answer); }
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
  if (!answer) {
    // A claim that fails here was lost to another thread, whose answer is on its way.
    if (verdict == DUNLIN_PENDING || !tickets.claim(ticket, &instance)) return {std::nullopt, ticket};
    tickets.release(ticket);
    if (verdict == DUNLIN_PASS || verdict == DUNLIN_ALLOW || verdict == DUNLIN_DENY) return {std::nullopt, ticket, verdict};
    return {copy_answer(verdict, nullptr), ticket};
  }
  tickets.release(ticket);
  return {std::move(answer), ticket};
}

}  // namespace dunlin
