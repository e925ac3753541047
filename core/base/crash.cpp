// SPDX-License-Identifier: Apache-2.0
#include "core/base/crash.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>

#include "core/base/crash_module.h"

namespace dunlin {
namespace {

constexpr std::uint64_t kMagic = 0x6e6c64206e6f7465;
constexpr std::size_t kStack = 64 * 1024;

struct Row {
  int number;
  const char* name;
};
constexpr Row kSignals[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},
    {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"}, {SIGSYS, "SIGSYS"}};

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
  void write(int fd) const {
    if (::write(fd, text_, size_) < 0) return;  // nobody is left to be told
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

// How the last line is written, and where.
struct Form {
  bool json;
  int fd;
};

// What ran, as the thread's note says, or else as `found` says: code of a module that nobody has called by a hook.
void say(Form form, const char* name, const CrashNote* note, const ModuleText& found) {
  const bool json = form.json;
  Line line;
  const auto field = [&](const char* key, const char* value) {
    line.add(json ? ",\"" : " ").add(key).add(json ? "\":\"" : "=").add(value).add(json ? "\"" : "");
  };
  line.add(json ? R"({"level":"error","msg":"crashed")" : "error crashed");
  field("signal", name);
  const char* module = note ? note->module.load(std::memory_order_relaxed) : nullptr;
  const char* hook = note ? note->hook.load(std::memory_order_relaxed) : nullptr;
  if (!module && found) {
    module = found.name;
    hook = note && note->worker >= 0 ? "loop" : "thread";
  }
  field("module", module ? module : "-");
  field("hook", hook ? hook : "-");
  if (note && note->worker >= 0) line.add(json ? ",\"worker\":" : " worker=").add(note->worker);
  line.add(json ? "}\n" : "\n").write(form.fd);
}

using Handler = void (*)(int, siginfo_t*, void*);

void handle(int signal, Handler handler) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

bool runs_a_module(const CrashNote* note) { return note && note->module.load(std::memory_order_relaxed); }

// The stack was in such ruins that walking it failed.
template <bool kJson, int kFd>
void on_lost(int signal, siginfo_t* info, void*) {
  say({kJson, kFd}, name_of(signal), crash_note(), {});
  if (info->si_code <= 0) ::raise(signal);
}

// The handler itself says how the log is written: it has nowhere else to look.
template <bool kJson, int kFd>
void on_crash(int signal, siginfo_t* info, void* context) {
  const CrashNote* note = crash_note();
  ModuleText found;
  if (!runs_a_module(note)) {
    for (const int again : {SIGSEGV, SIGBUS}) handle(again, on_lost<kJson, kFd>);
    found = module_at_fault(*info, context, note != nullptr);
    for (const int again : {SIGSEGV, SIGBUS}) ::signal(again, SIG_DFL);
  }
  say({kJson, kFd}, name_of(signal), note, found);
  // The default action is back (SA_RESETHAND). A fault comes again by itself, with the state that a core dump should
  // show; what somebody sent does not.
  if (info->si_code <= 0) ::raise(signal);
}

constexpr Form kForms[] = {{false, STDERR_FILENO}, {true, STDERR_FILENO}, {false, kSeparateLog}, {true, kSeparateLog}};
constexpr Handler kHandlers[] = {on_crash<false, STDERR_FILENO>, on_crash<true, STDERR_FILENO>, on_crash<false, kSeparateLog>,
                                 on_crash<true, kSeparateLog>};

Handler handler_of(Form form) {
  for (std::size_t i = 0; i < std::size(kForms); ++i)
    if (kForms[i].json == form.json && kForms[i].fd == form.fd) return kHandlers[i];
  return kHandlers[0];
}

// As the handlers that are there say it.
Form form_now() {
  struct sigaction action {};
  ::sigaction(SIGABRT, nullptr, &action);
  for (std::size_t i = 0; i < std::size(kForms); ++i)
    if (kHandlers[i] == action.sa_sigaction) return kForms[i];
  return kForms[0];
}

// Other threads are at work: nothing of what they use is destroyed under them.
void on_exit() {
  const CrashNote* note = crash_note();
  const ModuleText found = runs_a_module(note) ? ModuleText{} : module_on_stack();
  if (!runs_a_module(note) && !found) return;
  say(form_now(), "exit", note, found);
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

CrashStack::CrashStack(std::int64_t worker)
    : memory_(new std::byte[kStack]), note_(new (memory_.get()) CrashNote) {
  note_->magic = kMagic;
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

void install_crash_handlers(LogFormat format, int fd) {
  prepare_stack_walk();
  std::atexit(on_exit);
  std::at_quick_exit(on_exit);
  for (const Row& row : kSignals) handle(row.number, handler_of({format == LogFormat::json, fd}));
}

void crash_in(LogFormat format) {
  const Form form{format == LogFormat::json, form_now().fd};
  for (const Row& row : kSignals) handle(row.number, handler_of(form));
}

}  // namespace dunlin
