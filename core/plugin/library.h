// SPDX-License-Identifier: Apache-2.0
// What can be said of a plugin file before one of its functions is called. [setup]
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "dunlin/dunlin.h"

namespace dunlin {

// DIRECTORY/NAME.so, if NAME can be a module's and the file is there.
Result<std::string> library_file(const std::string& directory, const std::string& name);

// Its bytes, if they can be a whole shared library. The loader itself trusts a file's headers, and is killed by a file
// that is still being written.
Result<std::string> read_library(const std::string& file);

// A copy of them that nobody else writes to: a descriptor, the caller's. `name`: for those who look at the process.
Result<int> private_copy(std::string_view bytes, const std::string& file, const std::string& name);

// Opens `path`; faults are told of `file`, which it stands for. The plugin of a stem `name`.
Result<const dunlin_module*> load_library(const std::string& path, const std::string& file, const std::string& name);

}  // namespace dunlin
