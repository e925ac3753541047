// SPDX-License-Identifier: Apache-2.0
// `dunlin plugin check FILE.so`: the conformance suite. A plugin may crash or hang in it: it runs in a child process.
#pragma once

#include <string>

#include "core/base/clock.h"

namespace dunlin {

struct PluginCheck {
  std::string file;
  std::string settings = "{}";  // JSON
  Millis patience{20'000};      // what says nothing for longer hangs
};

// Prints a report. The process's exit code: 0 when nothing failed (warnings may stand), else 1.
int check_plugin(const PluginCheck& request);

}  // namespace dunlin
