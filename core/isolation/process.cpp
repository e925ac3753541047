// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/base/crash.h"

extern char** environ;

namespace dunlin {
namespace {

constexpr int kSafe = 10;  // descriptors from here on are not those that the process is to find

// Signals as a program finds them that a shell starts.
void plain_signals(posix_spawnattr_t& attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

// Its own lines go where ours go; its standard error, which is the module's, to us.
int start(const std::string& program, const std::string& module, int link, int library, int errors, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, link, kGuestLink);
  posix_spawn_file_actions_adddup2(&actions, library, kGuestLibrary);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, kGuestLog);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  plain_signals(attributes);
  std::string words[] = {"dunlin", kGuestCommand, module};
  char* const arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// The same, out of the way of what the process is to find; `fd` is closed.
int above(int fd) {
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kSafe);
  ::close(fd);
  return moved;
}

}  // namespace

std::string ProcessExit::in_words() const {
  return signal != 0 ? signal_name(signal) : fmt::format("exit code {}", code);
}

Result<Process> Process::spawn(const std::string& program, const std::string& module, int library, Log& log,
                               unsigned worker) {
  int ends[2], pipe[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return fail(Errc::unavailable, fmt::format("no socket for its process: {}", std::strerror(errno)));
  Process process;
  process.link_ = ends[0];
  if (::pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    ::close(ends[1]);
    return fail(Errc::unavailable, fmt::format("no pipe for its process: {}", std::strerror(errno)));
  }
  process.errors_ = StderrLines(pipe[0], log, module, worker);
  const int link = above(ends[1]), errors = above(pipe[1]), file = ::fcntl(library, F_DUPFD_CLOEXEC, kSafe);
  const bool all = link >= 0 && file >= 0 && errors >= 0;
  const int error = all ? start(program, module, link, file, errors, process.pid_) : EMFILE;
  for (const int fd : {link, file, errors})
    if (fd >= 0) ::close(fd);
  if (error == 0) return process;
  process.pid_ = -1;
  return fail(Errc::unavailable, fmt::format("its process cannot be started: {}", std::strerror(error)));
}

Process::~Process() {
  close_link();
  if (pid_ < 0) return;
  kill();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Process::close_link() {
  if (link_ >= 0) ::close(std::exchange(link_, -1));
}

void Process::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

std::optional<ProcessExit> Process::ended() {
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == 0) return std::nullopt;
  pid_ = -1;
  ProcessExit exit;
  if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  return exit;
}

}  // namespace dunlin
