// SPDX-License-Identifier: Apache-2.0
// The names that a shared library exports, read from the file: nothing of it is run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace dunlin {

// Without those that sanitizers and coverage put into every library.
Result<std::vector<std::string>> elf_exports(const std::string& file);

// The first `size` bytes of the data that a library exports under this name, as they stand in the file.
Result<std::string> elf_data(const std::string& file, std::string_view symbol, std::size_t size);

}  // namespace dunlin
