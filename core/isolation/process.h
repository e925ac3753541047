// SPDX-License-Identifier: Apache-2.0
// Process: a child of ours that runs one module, at the other end of a socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/crash.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/isolation/stderr_lines.h"

namespace dunlin {

// How the server calls itself to become such a process, and what it finds then.
constexpr const char* kGuestCommand = "isolated-module";
constexpr int kGuestLink = 3, kGuestLibrary = 4, kGuestLog = kSeparateLog;  // descriptors

struct ProcessExit {
  int code = 0, signal = 0;  // 0: it was killed by none
  std::string in_words() const;
};

class Process {
 public:
  // [any-thread] `library`: the descriptor of the module's file. What it writes to its standard error goes to `log`.
  static Result<Process> spawn(const std::string& program, const std::string& module, int library, Log& log,
                               unsigned worker);
  Process(Process&& other) noexcept { *this = std::move(other); }
  Process& operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(link_, other.link_);
    std::swap(errors_, other.errors_);
    return *this;
  }
  ~Process();  // kills what is still there

  pid_t pid() const { return pid_; }
  int link() const { return link_; }
  StderrLines& errors() { return errors_; }
  int take_link() { return std::exchange(link_, -1); }
  void close_link();  // asks it to end

  void kill();
  // Has it ended? REQUIRES: not told so before
  std::optional<ProcessExit> ended();

 private:
  Process() = default;
  pid_t pid_ = -1;  // -1: ended and reaped
  int link_ = -1;
  StderrLines errors_;
};

}  // namespace dunlin
