// SPDX-License-Identifier: Apache-2.0
#include "core/bench/poller.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "core/base/check.h"

namespace dunlin::bench {

Poller::Poller(bool spin) : fd_(::epoll_create1(EPOLL_CLOEXEC)), spin_(spin) { CHECK(fd_ >= 0); }

Poller::~Poller() { ::close(fd_); }

void Poller::add(int fd, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &pollable;
  CHECK(::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void Poller::turn(std::chrono::nanoseconds most) {
  const auto ns = spin_ ? 0 : std::max<std::int64_t>(most.count(), 0);
  const timespec wait{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  const int count = ::epoll_pwait2(fd_, events_.data(), static_cast<int>(events_.size()), &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    static_cast<Pollable*>(event.data.ptr)->on_events(event.events);
  }
}

}  // namespace dunlin::bench
