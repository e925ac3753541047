// SPDX-License-Identifier: Apache-2.0
// How a worker goes from one generation to the next: its instances are made beside the old ones; then, between two
// events, everything new is asked of them. The sessions move on one by one; what they have left is destroyed.
#include <utility>

#include "core/base/clock.h"
#include "core/worker/worker.h"

namespace dunlin {
namespace {

constexpr Millis kRetireTick{10};
constexpr std::size_t kSlotsATick = 4096;  // sessions looked at: a bounded share of a turn

}  // namespace

void Worker::prepare(const Generation& next, std::function<void(Status)> prepared) {
  mailbox_.post([this, &next, prepared = std::move(prepared)] { prepared(modules_->prepare(next.modules)); });
}

void Worker::abandon(const Generation& next, std::function<void()> abandoned) {
  mailbox_.post([this, &next, abandoned = std::move(abandoned)] {
    // Nothing was ever asked of it, so that it is retired like one that nobody asks any more.
    retiring_.push_back({nullptr, &next, 0, abandoned});
    retire_some();
  });
}

void Worker::put_in_force(const Generation& next, Millis deadline, std::function<void()> retired) {
  mailbox_.post([this, &next, deadline, retired = std::move(retired)]() mutable {
    served_->supersede();
    const Generation& old = served_->generation();
    retiring_.push_back({std::exchange(served_, std::make_unique<Served>(next)), &old,
                         steady_ms() + deadline.count(), std::move(retired)});
    services_.forget_options();
    modules_->use(next.modules);
    sessions_.serve(*served_);
    ws_.serve(*served_);
    tcp_.serve(*served_);
    api_.reconfigure(next.config);
    retire_some();
  });
}

void Worker::retire_some() {
  bool late = false;
  for (Retiring& one : retiring_) {
    if (!one.served || steady_ms() < one.deadline_ms) continue;
    one.served->expire();
    late = true;
  }
  sessions_.move_on(late ? sessions_.slots() : kSlotsATick);
  for (std::size_t i = 0; i < retiring_.size();) {
    Retiring& one = retiring_[i];
    const bool overdue = !one.served || steady_ms() >= one.deadline_ms;
    if ((one.served && one.served->sessions() > 0) || !modules_->retire(one.generation->modules, overdue)) {
      ++i;
      continue;
    }
    const auto retired = std::move(one.retired);
    retiring_.erase(retiring_.begin() + static_cast<std::ptrdiff_t>(i));
    services_.forget_options();
    retired();
  }
  if (!retiring_.empty()) wheel_.start(retire_timer_, kRetireTick);
}

}  // namespace dunlin
