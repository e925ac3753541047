// SPDX-License-Identifier: Apache-2.0
// Server: the whole process. Opens the listeners, starts a worker a core, and waits for the signal to drain.
#pragma once

#include "core/base/log.h"
#include "core/base/result.h"
#include "core/config/config.h"

namespace dunlin {

// Runs until SIGTERM or SIGINT has been obeyed; a second one stops at once. The error says why it could not start.
Status serve(const Config& config, Log& log);

// What `dunlin check` adds to loading: every selected module is opened and refuses or accepts its settings.
Status check_modules(const Config& config, Log& log);

}  // namespace dunlin
