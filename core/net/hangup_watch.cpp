// SPDX-License-Identifier: Apache-2.0
#include "core/net/hangup_watch.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "core/base/check.h"
#include "core/loop/fd_watch.h"

namespace dunlin {

HangupWatch::HangupWatch(void* loop, Told told) : set_(epoll_create1(EPOLL_CLOEXEC)), told_(std::move(told)) {
  CHECK(set_ >= 0);
  watch_ = std::make_unique<FdWatch>(loop, set_, [this](bool, bool) { look(); });
}

HangupWatch::~HangupWatch() {
  watch_.reset();
  ::close(set_);
}

void HangupWatch::add(int fd, void* who) {
  epoll_event wanted{};
  // And what is always told of, a reset. By the edge, since the end of a stream lasts.
  wanted.events = EPOLLRDHUP | EPOLLET;
  wanted.data.ptr = who;
  // Without memory for it the end is seen when reading goes on.
  epoll_ctl(set_, EPOLL_CTL_ADD, fd, &wanted);
}

void HangupWatch::remove(int fd) { epoll_ctl(set_, EPOLL_CTL_DEL, fd, nullptr); }

// Those for which there is no room are told of in the next turn.
void HangupWatch::look() {
  epoll_event ended[64];
  const int count = epoll_wait(set_, ended, static_cast<int>(std::size(ended)), 0);
  for (int i = 0; i < count; ++i) {
    const bool whole = (ended[i].events & (EPOLLERR | EPOLLHUP)) != 0;
    told_(ended[i].data.ptr, whole ? End::whole : End::half);
  }
}

}  // namespace dunlin
