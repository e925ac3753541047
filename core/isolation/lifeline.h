// SPDX-License-Identifier: Apache-2.0
// Lifeline: ends this process when the server is gone and the module does not let it end by itself. A thread of its own, so
// that it works while the module hangs.
#pragma once

#include <thread>

#include "core/base/clock.h"

namespace dunlin {

class Lifeline {
 public:
  // Watches the socket `fd`. Once the other end is closed there are `grace` left.
  Lifeline(int fd, Millis grace);
  ~Lifeline();
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

 private:
  void watch(Millis grace) const;

  int fd_, stop_;  // a duplicate: the module's process may close its own; an eventfd
  std::thread thread_;
};

}  // namespace dunlin
