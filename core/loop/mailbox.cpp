// SPDX-License-Identifier: Apache-2.0
#include "core/loop/mailbox.h"

#include <utility>

#include "core/loop/loop.h"

namespace dunlin {

Mailbox::Mailbox(Loop& loop) : wake_(new uv_async_t{}) {
  wake_->data = this;
  uv_async_init(loop.uv(), wake_, [](uv_async_t* handle) {
    if (handle->data) static_cast<Mailbox*>(handle->data)->run_all();
  });
}

Mailbox::~Mailbox() {
  shut();
  for (Mail* mail = head_.exchange(nullptr); mail;) delete std::exchange(mail, mail->next);
}

bool Mailbox::post(Task task) {
  if (closed_.load(std::memory_order_acquire)) return false;
  Mail* below = head_.load(std::memory_order_relaxed);
  auto* mail = new Mail{std::move(task), below};
  while (!head_.compare_exchange_weak(below, mail, std::memory_order_release, std::memory_order_relaxed)) {
    mail->next = below;
  }
  // From here on the mail is the owner's, who may have run and deleted it. Only the first into an empty box wakes the
  // owner: it takes all that lies there by then.
  if (below == nullptr && !closed_.load(std::memory_order_acquire)) uv_async_send(wake_);
  return true;
}

void Mailbox::unref() { uv_unref(reinterpret_cast<uv_handle_t*>(wake_)); }

void Mailbox::run_all() {
  Mail* stack = head_.exchange(nullptr, std::memory_order_acquire);
  Mail* in_order = nullptr;
  if (stack) ++wake_ups_;
  while (stack) {
    Mail* next = stack->next;
    stack->next = in_order;
    in_order = stack;
    ++mails_;
    stack = next;
  }
  while (in_order) {
    Mail* mail = std::exchange(in_order, in_order->next);
    mail->task();
    delete mail;
  }
}

void Mailbox::close() {
  run_all();
  shut();
}

void Mailbox::shut() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return;
  wake_->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(wake_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
}

}  // namespace dunlin
