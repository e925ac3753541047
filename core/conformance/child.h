// SPDX-License-Identifier: Apache-2.0
// Runs code that may crash, hang or leave in a child process, and reads what it says line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace dunlin {

using Say = std::function<void(std::string_view line)>;

struct ChildEnd {
  int code = 0;           // exit code, if it came to that
  int signal = 0;         // that killed it; 0: none
  bool silent = false;    // it said nothing for too long, and was killed
  bool forked = false;    // something in it has forked, and the copy went on with `work`: both were killed
  bool finished = false;  // `work` has returned; else, without a signal, something in it has ended the process
};

// `work` runs in a child of this process; `heard` is told each of its lines, here. What else it writes to standard output
// goes to standard error; it reads nothing. Processes that it has begun end with it, and cannot hold up this one.
// REQUIRES: this process has one thread.
ChildEnd run_in_child(const std::function<int(const Say&)>& work, const Say& heard, Millis silence);

// The child's end in words, as far as it is a fault: "it crashes (SIGSEGV)"; empty: it ended as it should.
std::string fault_of(const ChildEnd& end, Millis silence);

}  // namespace dunlin
