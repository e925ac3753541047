// SPDX-License-Identifier: Apache-2.0
// What a module is, as far as it can be told without configuring it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dunlin/dunlin.h"

namespace dunlin {

// The ids of the interfaces that this server knows and the module serves.
std::vector<std::string> interfaces_of(const dunlin_module& module);

// The ids that it requires and this server does not have.
std::vector<std::string> missing_extensions(const dunlin_module& module);

// "1.0": the ABI that the file says it was built for, read from the file; nothing where it does not say.
std::optional<std::string> entry_version(const std::string& file);

}  // namespace dunlin
