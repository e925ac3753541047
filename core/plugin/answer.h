// SPDX-License-Identifier: Apache-2.0
// Answer: what a module said to a question, copied and checked.
#pragma once

#include <memory>
#include <string>

#include "core/plugin/reply.h"
#include "core/plugin/runtime.h"
#include "dunlin/dunlin.h"

namespace dunlin {

struct Answer {
  dunlin_verdict verdict = DUNLIN_DENY;
  Identity identity;   // of an ALLOW that has one
  std::string reason;  // the module's; or, of a fault, ours
  bool fault = false;  // nobody can tell what the module meant: the verdict counts for nothing
  bool late = false;   // a fault: the deadline passed
  std::shared_ptr<const Reply> reply;  // of an HTTP route; a fault to whoever asked for a verdict
};

// What is counted of an answer.
enum class Outcome : std::uint8_t { allow, deny, pass, fault, deadline, count_ };
Outcome outcome_of(const Answer& answer);

// [any-thread] Never fails: what is malformed makes a fault. `given` may be NULL.
Answer copy_answer(dunlin_verdict verdict, const dunlin_answer* given);

Answer fault_answer(std::string why);

// As an auth module's: ALLOW without a uid is a fault.
Answer with_identity(Answer answer);

}  // namespace dunlin
