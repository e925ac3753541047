// SPDX-License-Identifier: Apache-2.0
// Generation: a configuration and the modules that it selects, put in force as one. Nothing in it changes once it has
// been made. All workers look at it; the server's own thread owns it, and gives it to the setup thread when the last worker
// has ended its use: that is where the modules' `discard` runs.
#pragma once

#include <cstdint>

#include "core/config/config.h"
#include "core/plugin/module.h"

namespace dunlin {

struct Generation {
  std::uint64_t number = 1;
  Config config;
  ModuleSet modules;  // of `config`
};

}  // namespace dunlin
