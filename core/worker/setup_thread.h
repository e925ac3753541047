// SPDX-License-Identifier: Apache-2.0
// SetupThread: where modules are opened, configured and discarded, so that one that hangs holds up nothing but that. A thread cannot
// be ended from outside: what still hangs when the server is to end, it leaves behind, and says so.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/base/log.h"

namespace dunlin {

// For `configure` of all modules, and again for `create` on every worker.
inline constexpr Millis kSetupPatience{30'000};

// Ends the process at once, for what hangs in it: `why` goes to the log.
[[noreturn]] void leave_hanging(Log& log, const std::string& why);

class SetupThread {
 public:
  explicit SetupThread(Log& log) : log_(log) {}
  ~SetupThread();  // REQUIRES: nothing runs
  SetupThread(const SetupThread&) = delete;
  SetupThread& operator=(const SetupThread&) = delete;

  // REQUIRES: !busy()
  void run(std::function<void()> work);
  bool busy() const;
  bool wait(Millis at_most) const;  // false: it is busy still
  // Waits for what runs; if it does not end in a while, leaves: `what` is what hangs.
  void finish(const std::function<std::string()>& what);

 private:
  Log& log_;
  std::thread thread_;
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  bool busy_ = false;  // under mutex_
};

}  // namespace dunlin
