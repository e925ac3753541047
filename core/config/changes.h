// SPDX-License-Identifier: Apache-2.0
// What a reload may change, and what needs a restart. A key needs one unless it is in the table of changes.cpp, so that a
// new key is never accepted by a reload and then ignored.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/yaml.h"

namespace dunlin {

// Every value below `root` that needs a restart.
std::map<std::string, FixedValue> fixed_values(const YAML::Node& root, Faults& faults);

}  // namespace dunlin
