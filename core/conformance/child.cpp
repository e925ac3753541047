// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/check.h"

namespace dunlin {
namespace {

[[noreturn]] void be_child(int out, const std::function<int(const Say&)>& work) {
  dup2(STDERR_FILENO, STDOUT_FILENO);
  const int code = work([out](std::string_view line) {
    std::string text(line);
    for (char& c : text)
      if (c == '\n') c = ' ';
    text += '\n';
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t wrote = ::write(out, text.data() + done, text.size() - done);
      if (wrote < 0 && errno != EINTR) _exit(3);  // nobody listens any more
      if (wrote > 0) done += static_cast<std::size_t>(wrote);
    }
  });
  std::fflush(nullptr);
  std::exit(code);  // and not _exit: leaks are looked for at exit, where a sanitizer does
}

// False: nothing came in time.
bool read_some(int from, std::string& into, bool& ended, Millis silence) {
  pollfd ready{from, POLLIN, 0};
  int came;
  do came = poll(&ready, 1, static_cast<int>(silence.count()));
  while (came < 0 && errno == EINTR);
  if (came == 0) return false;
  char part[4096];
  const ssize_t read = ::read(from, part, sizeof part);
  ended = read == 0 || (read < 0 && errno != EINTR);
  if (read > 0) into.append(part, static_cast<std::size_t>(read));
  return true;
}

}  // namespace

ChildEnd run_in_child(const std::function<int(const Say&)>& work, const Say& heard, Millis silence) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  std::fflush(nullptr);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    be_child(ends[1], work);
  }
  ::close(ends[1]);
  ChildEnd end;
  std::string said;
  for (bool ended = false; !ended && !end.silent;) {
    end.silent = !read_some(ends[0], said, ended, silence);
    for (std::size_t newline; (newline = said.find('\n')) != std::string::npos; said.erase(0, newline + 1))
      heard(std::string_view(said).substr(0, newline));
  }
  ::close(ends[0]);
  if (end.silent) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

}  // namespace dunlin
