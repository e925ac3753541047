// SPDX-License-Identifier: Apache-2.0
// What `dunlin plugin list` says: each file of a plugin directory, opened in a child process of its own.
#pragma once

#include <string>

namespace dunlin {

// Prints one line a plugin, and for one that cannot be used why. The process's exit code: 1 when one cannot.
int list_plugins(const std::string& directory);

}  // namespace dunlin
