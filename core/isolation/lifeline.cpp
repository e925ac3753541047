// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/lifeline.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "core/base/check.h"

namespace dunlin {

Lifeline::Lifeline(int fd, Millis grace)
    : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)), thread_([this, grace] { watch(grace); }) {
  CHECK(fd_ >= 0 && stop_ >= 0);
}

Lifeline::~Lifeline() {
  const std::uint64_t one = 1;
  CHECK(::write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(fd_);
  ::close(stop_);
}

void Lifeline::watch(Millis grace) const {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pollfd watched[] = {{stop_, POLLIN, 0}, {fd_, 0, 0}};  // the end is told unasked
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if (watched[0].revents != 0) return;
  int came;
  while ((came = ::poll(watched, 1, static_cast<int>(grace.count()))) < 0 && errno == EINTR) {
  }
  if (came == 0) _exit(3);
}

}  // namespace dunlin
