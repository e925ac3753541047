// SPDX-License-Identifier: Apache-2.0
// Crash: a process that is killed by a fault of its own says in one line which module and hook ran on that thread.
//
// A signal handler may look at almost nothing, and we keep no globals: each thread's note lies at the foot of the stack on
// which its signals are handled, and the handler finds it there. That stack also serves when the thread's own is exhausted.
// A thread that a module has started has no note: crash_module.h says whose code it ran.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <signal.h>

#include "core/base/log.h"

namespace dunlin {

// What runs now. Written by its thread only; read by the handler on the same thread, and by whoever watches it.
struct CrashNote {
  std::uint64_t magic = 0;
  std::atomic<const char*> module{nullptr};     // nullptr: no module
  std::atomic<const char*> hook{nullptr};
  std::atomic<std::uint64_t> entered{0};        // counts scopes, so that a watcher can tell one call from the next
  std::int64_t worker = -1;                     // -1: none
};

// The signal stack of the thread that makes it, for as long as it lives.
class CrashStack {
 public:
  explicit CrashStack(std::int64_t worker = -1);
  ~CrashStack();
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  std::unique_ptr<std::byte[]> memory_;
  CrashNote* note_;
  stack_t before_{};
};

// This thread's; nullptr: it has no CrashStack.
CrashNote* crash_note();

// `module` runs `hook` on this thread. Both texts outlive it, and the note's thread where somebody watches that.
class CrashScope {
 public:
  CrashScope(CrashNote* note, const char* module, const char* hook);
  ~CrashScope();
  CrashScope(const CrashScope&) = delete;
  CrashScope& operator=(const CrashScope&) = delete;

 private:
  CrashNote* note_;  // may be nullptr
  const char *module_ = nullptr, *hook_ = nullptr;  // of the outer scope
};

// "SIGSEGV", or the number.
std::string signal_name(int signal);

// Where a process has its log whose standard error is somebody else's.
inline constexpr int kSeparateLog = 5;

// From here on the signals of faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS) leave their line before
// they kill; so does exit(), where a module calls it. Once.
// `fd`: STDERR_FILENO or kSeparateLog.
void install_crash_handlers(LogFormat format, int fd);
// The form of that line. REQUIRES: they are installed
void crash_in(LogFormat format);

}  // namespace dunlin
