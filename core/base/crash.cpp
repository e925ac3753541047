// SPDX-License-Identifier: Apache-2.0
#include "core/base/crash.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace dunlin {
namespace {

constexpr std::uint64_t kMagic = 0x6e6c64206e6f7465;
constexpr std::size_t kStack = 64 * 1024;

struct Row {
  int number;
  const char* name;
};
constexpr Row kSignals[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}};

// Builds a line with nothing that a signal handler may not do.
class Line {
 public:
  Line& add(const char* text) {
    for (; *text && size_ < sizeof text_; ++text) text_[size_++] = *text;
    return *this;
  }
  Line& add(std::int64_t number) {
    char digits[24];
    std::size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do digits[--at] = static_cast<char>('0' + number % 10);
    while ((number /= 10) > 0);
    return add(digits + at);
  }
  void write() const {
    if (::write(STDERR_FILENO, text_, size_) < 0) return;  // nobody is left to be told
  }

 private:
  char text_[512];
  std::size_t size_ = 0;
};

const char* name_of(int signal) {
  for (const Row& row : kSignals)
    if (row.number == signal) return row.name;
  return "?";
}

void say(const char* name, const CrashNote* note) {
  const bool json = note && note->log->format() == LogFormat::json;
  Line line;
  const auto field = [&](const char* key, const char* value) {
    line.add(json ? ",\"" : " ").add(key).add(json ? "\":\"" : "=").add(value).add(json ? "\"" : "");
  };
  line.add(json ? R"({"level":"error","msg":"crashed")" : "error crashed");
  field("signal", name);
  const char* module = note ? note->module.load(std::memory_order_relaxed) : nullptr;
  field("module", module ? module : "-");
  const char* hook = note ? note->hook.load(std::memory_order_relaxed) : nullptr;
  field("hook", hook ? hook : "-");
  if (note && note->worker >= 0) line.add(json ? ",\"worker\":" : " worker=").add(note->worker);
  line.add(json ? "}\n" : "\n").write();
}

extern "C" void on_crash(int signal, siginfo_t* info, void*) {
  say(name_of(signal), crash_note());
  // The default action is back (SA_RESETHAND). A fault comes again by itself, with the state that a core dump should
  // show; what somebody sent does not.
  if (info->si_code <= 0) ::raise(signal);
}

// Other threads are at work: nothing of what they use is destroyed under them.
void on_exit() {
  const CrashNote* note = crash_note();
  if (!note || !note->module.load(std::memory_order_relaxed)) return;
  say("exit", note);
  std::_Exit(1);
}

}  // namespace

CrashNote* crash_note() {
  stack_t stack{};
  if (::sigaltstack(nullptr, &stack) != 0 || (stack.ss_flags & SS_DISABLE) || stack.ss_size < sizeof(CrashNote))
    return nullptr;
  auto* note = static_cast<CrashNote*>(stack.ss_sp);
  return note->magic == kMagic ? note : nullptr;  // it may be somebody else's stack, such as a sanitizer's
}

CrashStack::CrashStack(const Log& log, std::int64_t worker)
    : memory_(new std::byte[kStack]), note_(new (memory_.get()) CrashNote) {
  note_->magic = kMagic;
  note_->log = &log;
  note_->worker = worker;
  stack_t stack{};
  stack.ss_sp = memory_.get();
  stack.ss_size = kStack;
  ::sigaltstack(&stack, &before_);
}

CrashStack::~CrashStack() { ::sigaltstack(&before_, nullptr); }

CrashScope::CrashScope(CrashNote* note, const char* module, const char* hook) : note_(note) {
  if (!note_) return;
  module_ = note_->module.load(std::memory_order_relaxed);
  hook_ = note_->hook.load(std::memory_order_relaxed);
  note_->module.store(module, std::memory_order_relaxed);
  note_->hook.store(hook, std::memory_order_relaxed);
  note_->entered.store(note_->entered.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

CrashScope::~CrashScope() {
  if (!note_) return;
  note_->module.store(module_, std::memory_order_relaxed);
  note_->hook.store(hook_, std::memory_order_relaxed);
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

void install_crash_handlers() {
  std::atexit(on_exit);
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  sigemptyset(&action.sa_mask);
  for (const Row& row : kSignals) ::sigaction(row.number, &action, nullptr);
}

}  // namespace dunlin
