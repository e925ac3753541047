// SPDX-License-Identifier: Apache-2.0
// Signals: tells a loop of the process's signals. [worker]
#pragma once

#include <uv.h>

#include <functional>
#include <initializer_list>
#include <vector>

namespace dunlin {

class Loop;

class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> told);
  ~Signals() { close(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void close();  // before the loop ends

 private:
  std::vector<uv_signal_t*> handles_;  // each deleted by its close callback
  std::function<void(int)> told_;
};

}  // namespace dunlin
