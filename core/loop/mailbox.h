// SPDX-License-Identifier: Apache-2.0
// Mailbox: the only door between threads. Anybody posts, the owner's loop runs what was posted, in the order of each
// poster, in batches: one wake-up for many posts. Lock-free: a stack that the owner takes whole and turns round.
#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>

namespace dunlin {

class Loop;

class Mailbox {
 public:
  using Task = std::function<void()>;

  explicit Mailbox(Loop& loop);  // [worker], as is everything but post()
  ~Mailbox();                    // what was posted and not run is destroyed unrun
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // [any-thread] False: the mailbox is closed; the task was destroyed.
  bool post(Task task);

  // The box no longer keeps the loop running.
  void unref();

  // Runs what has been posted so far and accepts nothing more. REQUIRES: nobody posts any more.
  void close();

  // How often the owner was woken, and how many posts it found then: what a wake-up costs is shared by those. [worker]
  std::uint64_t wake_ups() const { return wake_ups_; }
  std::uint64_t mails() const { return mails_; }

 private:
  struct Mail {
    Task task;
    Mail* next;
  };

  void run_all();
  void shut();

  uv_async_t* wake_;  // deleted by its close callback
  std::atomic<Mail*> head_{nullptr};
  std::atomic<bool> closed_{false};
  std::uint64_t wake_ups_ = 0, mails_ = 0;
};

}  // namespace dunlin
