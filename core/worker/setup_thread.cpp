// SPDX-License-Identifier: Apache-2.0
#include "core/worker/setup_thread.h"

#include <cstdlib>
#include <utility>

#include "core/base/crash.h"

namespace dunlin {

void leave_hanging(Log& log, const std::string& why) {
  log.error("left hanging", {{"why", why}});
  std::_Exit(1);
}

void SetupThread::run(std::function<void()> work) {
  if (thread_.joinable()) thread_.join();  // it has ended
  {
    const std::lock_guard lock(mutex_);
    busy_ = true;
  }
  thread_ = std::thread([this, work = std::move(work)]() mutable {
    const CrashStack stack;
    work();
    work = nullptr;
    const std::lock_guard lock(mutex_);
    busy_ = false;
    ended_.notify_all();
  });
}

bool SetupThread::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

bool SetupThread::wait(Millis at_most) const {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, at_most, [this] { return !busy_; });
}

void SetupThread::finish(const std::function<std::string()>& what) {
  constexpr Millis kPatience{10'000};
  if (!thread_.joinable()) return;
  if (!wait(kPatience)) leave_hanging(log_, what());
  thread_.join();
}

SetupThread::~SetupThread() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace dunlin
