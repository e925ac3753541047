// SPDX-License-Identifier: Apache-2.0
// Hooks: the ways into a module. Each entry is a HookScope: timed, and known to the services that the module calls
// meanwhile. All [worker].
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/crash.h"
#include "core/base/metrics.h"
#include "core/plugin/answer.h"

namespace dunlin {

class Instance;

#define DUNLIN_HOOKS(X)                                                                                              \
  X(create) X(destroy) X(check) X(open) X(message) X(close) X(cancel) X(release) X(adopt) X(timer) X(http) X(publish)  \
  X(send) X(login) X(context) X(task) X(offload) X(guard) X(filter) X(route) X(subscribe) X(cache) X(input)          \
  X(encode) X(redis) X(queue)

enum class Hook : std::uint8_t {
#define DUNLIN_ENUMERATOR(name) name,
  DUNLIN_HOOKS(DUNLIN_ENUMERATOR)
#undef DUNLIN_ENUMERATOR
      count_
};

const char* hook_name(Hook hook);

// Lets one line a second through, and counts the others.
class Trickle {
 public:
  bool let_through(std::int64_t now_ms);
  std::uint64_t take_held_back() { return std::exchange(held_back_, 0); }

 private:
  std::int64_t next_ms_ = 0;
  std::uint64_t held_back_ = 0;
};

// How long the hooks of one instance took.
class HookTimes {
 public:
  static constexpr std::int64_t kSlowNs = 100'000'000;

  // True: it was slow, and a line about it is due.
  bool record(Hook hook, std::int64_t ns);
  void collect(const std::string& module, std::vector<Sample>& out) const;

 private:
  struct Row {
    DurationHistogram duration;
    bool used = false;
    Trickle slow_lines;
  };
  std::array<Row, static_cast<std::size_t>(Hook::count_)> rows_;
  std::uint64_t slow_ = 0;
};

// As long as it lives, `instance` is being run; scopes nest.
class HookScope {
 public:
  // `cause` of a callback: that of the scope in which it was asked for.
  HookScope(Instance& instance, Hook hook, dunlin_ticket ticket = 0, dunlin_ticket cause = 0);
  ~HookScope();
  HookScope(const HookScope&) = delete;
  HookScope& operator=(const HookScope&) = delete;

  dunlin_ticket ticket() const { return ticket_; }
  // For whose answer the module works now, as far as the host can tell; 0: for none. It may have been given already.
  dunlin_ticket cause() const { return cause_; }
  // The answer that the hook gave to its own ticket before it returned.
  std::optional<Answer> answer;

 private:
  Instance& instance_;
  CrashScope crash_;
  HookScope* outer_;
  dunlin_ticket ticket_, cause_;
  std::int64_t began_ns_;
  Hook hook_;
};

}  // namespace dunlin
