// SPDX-License-Identifier: Apache-2.0
#include "core/loop/timer_wheel.h"

#include <algorithm>

#include "core/loop/loop.h"

namespace dunlin {
namespace {

void make_circle(Timer*& next, Timer*& previous, Timer* head) { next = previous = head; }

}  // namespace

void Timer::stop() {
  if (!next_ || !wheel_) return;
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = previous_ = nullptr;
  --wheel_->set_;
}

TimerWheel::TimerWheel(Loop& loop) : ticker_(new uv_timer_t{}), loop_(loop), current_(0) {
  for (auto* level : {&near_, &far_})
    for (Timer& head : *level) make_circle(head.next_, head.previous_, &head);  // wheel_ stays null: a head never stops
  uv_timer_init(loop.uv(), ticker_);
  uv_unref(reinterpret_cast<uv_handle_t*>(ticker_));
  ticker_->data = this;
  current_ = now();
}

TimerWheel::~TimerWheel() {
  close();
  for (auto* level : {&near_, &far_})
    for (Timer& head : *level)
      while (head.next_ != &head) head.next_->stop();
}

void TimerWheel::close() {
  if (closed_) return;
  closed_ = true;
  uv_timer_stop(ticker_);
  uv_close(reinterpret_cast<uv_handle_t*>(ticker_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
}

std::int64_t TimerWheel::now() const { return steady_ms() / kTick; }

void TimerWheel::start(Timer& timer, Millis after) {
  timer.stop();
  if (closed_) return;
  if (!ticking_) {
    current_ = now();
    ticking_ = true;
    uv_update_time(loop_.uv());
    uv_timer_start(ticker_, [](uv_timer_t* handle) { static_cast<TimerWheel*>(handle->data)->tick(); }, kTick, kTick);
  }
  timer.wheel_ = this;
  // Up to the next whole tick, and one more for the part of this one that has passed: never early.
  timer.due_ = now() + (std::max<std::int64_t>(after.count(), 0) + kTick - 1) / kTick + 1;
  ++set_;
  place(timer);
}

void TimerWheel::place(Timer& timer) {
  const std::int64_t due = std::max(timer.due_, current_ + 1);
  Timer* head;
  if (due - current_ < kSlots) {
    head = &near_[static_cast<std::size_t>(due % kSlots)];
  } else {
    const std::int64_t round = std::min(due / kSlots, current_ / kSlots + kSlots - 1);
    head = &far_[static_cast<std::size_t>(round % kSlots)];
  }
  timer.next_ = head;
  timer.previous_ = head->previous_;
  head->previous_->next_ = &timer;
  head->previous_ = &timer;
}

void TimerWheel::tick() {
  for (const std::int64_t until = now(); current_ < until && set_ > 0;) advance();
  if (set_ == 0) {
    uv_timer_stop(ticker_);
    ticking_ = false;
  }
}

void TimerWheel::advance() {
  ++current_;
  if (current_ % kSlots == 0) drain(far_[static_cast<std::size_t>(current_ / kSlots % kSlots)], false);
  drain(near_[static_cast<std::size_t>(current_ % kSlots)], true);
}

// Empties a slot: fires what is due, places the rest anew. The slot is first moved to a circle of its own, because
// what fires may start timers that belong into this very slot.
void TimerWheel::drain(Timer& head, bool fire) {
  if (head.next_ == &head) return;
  Timer circle;
  circle.next_ = head.next_;
  circle.previous_ = head.previous_;
  circle.next_->previous_ = circle.previous_->next_ = &circle;
  make_circle(head.next_, head.previous_, &head);
  while (circle.next_ != &circle) {
    Timer& timer = *circle.next_;
    timer.next_->previous_ = timer.previous_;
    timer.previous_->next_ = timer.next_;
    timer.next_ = timer.previous_ = nullptr;
    if (fire && timer.due_ <= current_) {
      --set_;
      if (timer.fire_) timer.fire_();
    } else {
      place(timer);
    }
  }
  circle.next_ = circle.previous_ = nullptr;
}

}  // namespace dunlin
