// SPDX-License-Identifier: Apache-2.0
// The command line: one row a command (docs/command-line.md).
#pragma once

#include <functional>

#include "core/base/result.h"
#include "core/config/config.h"

namespace dunlin {

// What the commands need of the layers above this one.
struct Commands {
  std::function<Status(const Config&)> serve;
  std::function<Status(const Config&)> check;  // the modules' settings
};

// The process's exit code: 0; 1 for a fault; 2 for a wrong command line.
int run_cli(int argc, char** argv, const Commands& commands);

}  // namespace dunlin
