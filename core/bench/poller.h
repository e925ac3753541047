// SPDX-License-Identifier: Apache-2.0
// Poller: epoll, edge-triggered, each descriptor registered once for its life. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include <sys/epoll.h>

namespace dunlin::bench {

class Pollable {
 public:
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  ~Pollable() = default;
};

class Poller {
 public:
  // `spin`: never sleeps, so that a server need not wake it.
  explicit Poller(bool spin);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Until the descriptor is closed. `pollable` lives until the poller turns no more.
  void add(int fd, Pollable& pollable);

  // Waits for events, at most that long, and hands them out.
  void turn(std::chrono::nanoseconds most);

  // What every connection reads into.
  std::string& input() { return input_; }

 private:
  int fd_;
  bool spin_;
  std::string input_ = std::string(256 * 1024, '\0');
  std::array<epoll_event, 512> events_{};
};

}  // namespace dunlin::bench
