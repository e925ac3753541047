// SPDX-License-Identifier: Apache-2.0
// Runs code that may crash or hang in a child process, and reads what it says line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace dunlin {

using Say = std::function<void(std::string_view line)>;

struct ChildEnd {
  int code = 0;        // exit code, if it came to that
  int signal = 0;      // that killed it; 0: none
  bool silent = false;  // it said nothing for too long, and was killed
};

// `work` runs in a child of this process; `heard` is told each of its lines, here. What else it writes to standard output
// goes to standard error. REQUIRES: this process has one thread.
ChildEnd run_in_child(const std::function<int(const Say&)>& work, const Say& heard, Millis silence);

}  // namespace dunlin
