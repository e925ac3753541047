// SPDX-License-Identifier: Apache-2.0
// How a session goes from one generation to the next. It keeps its connection, its user, its context and its channels:
// none of those is a module's.
#include "core/session/session.h"
#include "core/session/session_table.h"

namespace dunlin {

void Session::move_on() {
  if (!served_->superseded || step_ == Step::closing || asked_ || asking_ > 0 || login_done_ || table_.modules_->pending(id_)) return;
  const ModuleSet::EndpointModules& from = served_->modules;
  go_over();
  if (opened_) table_.modules_->hand_over(from, served_->modules, id_);
}

void Session::go_over() {
  --served_->sessions;
  served_ = &table_.served_->at(served_->listener, served_->index);
  ++served_->sessions;
  if (transport_) transport_->outbox().set_limit(endpoint().limits.outbox);
}

void Session::cut_over() {
  if (!served_->superseded || step_ == Step::closing) return;
  table_.modules_->cancel(id_, DUNLIN_CANCEL_STOPPING);
  if (login_done_) finish_login(DUNLIN_DENY, DUNLIN_E_UNAVAILABLE);
  if (step_ == Step::closing) return;
  const bool reopen = step_ == Step::opening && asked_;
  if (step_ == Step::handling) {
    table_.counters_.add(Counter::drop_swapped);
    enter(Step::ready);
  }
  asked_ = false;
  if (reopen) {
    table_.modules_->release(served_->modules, id_);
    opened_ = false;
  }
  move_on();
  run();
}

}  // namespace dunlin
