// SPDX-License-Identifier: Apache-2.0
// Context: values kept with a connection, each as JSON text, and those who wait for one to be set. All [worker].
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/loop/timer_wheel.h"

namespace dunlin {

class Context {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;  // of all keys and values

  // `status` is a dunlin_status. Called by the loop's defer, never from inside set().
  using WaitDone = std::function<void(int status, std::string_view value)>;
  using Defer = std::function<void(std::function<void()>)>;

  Context() = default;
  ~Context();

  // The JSON text, or nullptr.
  const std::string* get(std::string_view key) const;
  // `null` removes. bad_input: not JSON; too_big: over kMaxBytes; nothing is changed then.
  Status set(std::string_view key, std::string_view json, const Defer& defer);
  // The members of a JSON object take the place of everything.
  Status replace(std::string_view json, const Defer& defer);
  std::string all() const;  // as a JSON object

  void wait(std::string_view key, Millis timeout, TimerWheel& wheel, const Defer& defer, WaitDone done);
  bool waited() const { return waiters_ && !waiters_->empty(); }  // somebody waits for a key
  // Ends every wait with DUNLIN_E_GONE.
  void abandon(const Defer& defer);

 private:
  struct Waiter {
    std::string key;
    WaitDone done;
    Timer deadline;
  };
  std::string* find(std::string_view key);
  void put(std::string_view key, std::string value);
  void wake(std::string_view key, const std::string& value, const Defer& defer);
  std::size_t bytes() const;

  std::vector<std::pair<std::string, std::string>> values_;  // in the order of their setting
  std::unique_ptr<std::list<Waiter>> waiters_;
};

}  // namespace dunlin
