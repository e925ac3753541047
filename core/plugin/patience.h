// SPDX-License-Identifier: Apache-2.0
// Patience: as long as it lives, a router's question waits for what has a bound of its own (an answer over HTTP, a command of
// Redis), and its deadline does not end it. It lives in the callback of what is waited for, and goes with it, called or not.
// [worker]
#pragma once

#include <memory>
#include <utility>

#include "core/plugin/stage.h"

namespace dunlin {

class Patience {
 public:
  Patience(std::shared_ptr<Stage> stage, dunlin_ticket ticket) : stage_(std::move(stage)), ticket_(ticket) {
    if (auto* note = stage_->tickets.note(ticket_)) ++note->patient;
  }
  ~Patience() {
    auto* note = stage_->tickets.note(ticket_);  // nullptr: it has been answered, or its connection has left
    if (!note) return;
    --note->patient;
    note->was_patient = true;
  }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

 private:
  std::shared_ptr<Stage> stage_;
  dunlin_ticket ticket_;
};

}  // namespace dunlin
