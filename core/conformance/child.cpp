// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "core/base/crash.h"
#include "core/base/check.h"

namespace dunlin {
namespace {

// Said after the last line, and by a copy that goes on with the work; lines of `work` do not have these.
constexpr char kDone = '\x04', kForked = '\x05';

void say_all(int out, std::string_view text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(out, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) _exit(3);  // nobody listens any more
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

// What a plugin does must not outlive the parent, fill the disk with cores, or wait for a keyboard.
void confine() {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) dup2(null, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
}

[[noreturn]] void be_child(int out, const std::function<int(const Say&)>& work) {
  confine();
  const int code = work([out, self = getpid()](std::string_view line) {
    if (getpid() != self) {  // each copy would make copies of its own
      say_all(out, std::string{kForked, '\n'});
      _exit(0);
    }
    std::string text(line);
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == kDone || c == kForked; }, ' ');
    say_all(out, text + '\n');
  });
  std::fflush(nullptr);
  say_all(out, std::string{kDone, '\n'});
  std::exit(code);  // and not _exit: leaks are looked for at exit, where a sanitizer does
}

// The child as its parent sees it: it has ended when it has ended, whoever else holds the other end of the pipe.
class Child {
 public:
  Child(pid_t pid, int from) : pid_(pid), from_(from) { fcntl(from_, F_SETFL, O_NONBLOCK); }
  ~Child() {
    kill(-pid_, SIGKILL);  // what it has begun
    ::close(from_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  ChildEnd follow(const Say& heard, Millis silence) {
    std::int64_t last = steady_ms();
    while (!ended()) {
      if (read_some(heard)) last = steady_ms();
      else if (steady_ms() - last >= silence.count()) kill_it();
    }
    while (read_some(heard)) {
    }
    return end_;
  }

 private:
  bool ended() {
    int status = 0;
    const pid_t gone = waitpid(pid_, &status, WNOHANG);
    if (gone == 0 || (gone < 0 && errno == EINTR)) return false;
    CHECK(gone == pid_);
    if (WIFEXITED(status)) end_.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status) && !end_.silent && !end_.forked) end_.signal = WTERMSIG(status);
    return true;
  }

  void kill_it() {
    end_.silent = true;
    kill(pid_, SIGKILL);
  }

  // Whatever it says from here on is said twice.
  void kill_forked() {
    end_.forked = true;
    kill(-pid_, SIGKILL);
  }

  // True: something came. Waits for it a little.
  bool read_some(const Say& heard) {
    constexpr int kStep = 20;  // also how late an end is seen that closed no pipe
    pollfd ready{open_ ? from_ : -1, POLLIN, 0};
    if (poll(&ready, 1, open_ ? kStep : 1) <= 0) return false;
    char part[4096];
    const ssize_t read = ::read(from_, part, sizeof part);
    if (read == 0) open_ = false;
    if (read <= 0) return false;
    said_.append(part, static_cast<std::size_t>(read));
    for (std::size_t newline; (newline = said_.find('\n')) != std::string::npos; said_.erase(0, newline + 1)) {
      const std::string_view line = std::string_view(said_).substr(0, newline);
      if (line == std::string_view(&kDone, 1)) end_.finished = true;
      else if (line == std::string_view(&kForked, 1)) kill_forked();
      else heard(line);
    }
    return true;
  }

  const pid_t pid_;
  const int from_;
  bool open_ = true;
  std::string said_;
  ChildEnd end_;
};

}  // namespace

ChildEnd run_in_child(const std::function<int(const Say&)>& work, const Say& heard, Millis silence) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  std::fflush(nullptr);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    ::close(ends[0]);
    be_child(ends[1], work);
  }
  setpgid(pid, pid);  // as the child does; whoever comes first
  ::close(ends[1]);
  return Child(pid, ends[0]).follow(heard, silence);
}

std::string fault_of(const ChildEnd& end, Millis silence) {
  if (end.silent) return fmt::format("it hangs (nothing for {} s)", silence.count() / 1000);
  if (end.signal) return fmt::format("it crashes ({})", signal_name(end.signal));
  if (end.forked) return "it forks, and returns in both processes";
  if (!end.finished) return fmt::format("it ends the process (exit code {})", end.code);
  return end.code == 0 ? "" : fmt::format("the process ended with exit code {}", end.code);
}

}  // namespace dunlin
