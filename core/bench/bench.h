// SPDX-License-Identifier: Apache-2.0
// The load client: drives a WebSocket server and checks all that it says. No server code is in it.
#pragma once

#include "core/base/result.h"
#include "core/bench/options.h"

namespace dunlin::bench {

// One run. The error is what kept it from running; what spoiled it while it ran is in the findings.
Result<Findings> run(const Options& options);

// The findings as a table for people, or as one JSON object.
std::string report(const Options& options, const Findings& findings);

// "fan-out", …; nullptr: no such.
const Work* work_named(std::string_view name);
const char* name_of(Work work);

}  // namespace dunlin::bench
