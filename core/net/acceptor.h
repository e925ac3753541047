// SPDX-License-Identifier: Apache-2.0
// Acceptor: takes the connections of one listening socket. [worker]
#pragma once

#include <uv.h>

#include <functional>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/loop/loop.h"
#include "core/loop/timer_wheel.h"

namespace dunlin {

class Acceptor {
 public:
  // Takes `fd` over. `accepted` gets each connection's descriptor and owns it.
  Acceptor(Loop& loop, TimerWheel& wheel, Counters& counters, Log& log, int fd, std::function<void(int)> accepted);
  ~Acceptor() { stop(); }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void start();
  void stop();  // closes the listening socket

 private:
  void watch();
  void accept_some();
  void out_of_descriptors();

  Loop& loop_;
  TimerWheel& wheel_;
  Counters& counters_;
  Log& log_;
  int fd_;
  std::function<void(int)> accepted_;
  uv_poll_t* poll_ = nullptr;  // deleted by its close callback
  Timer retry_;
};

}  // namespace dunlin
