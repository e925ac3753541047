// SPDX-License-Identifier: Apache-2.0
// Guest: one module in this process, which the server has started for it (isolator.h). Loads and configures as the server
// would, creates one instance on a loop of its own, and answers what comes down the socket until that ends.
#pragma once

namespace dunlin {

// The process's exit code.
int run_guest();

}  // namespace dunlin
