// SPDX-License-Identifier: Apache-2.0
// Which connections a canary is tried on.
#pragma once

#include "core/base/ids.h"
#include "core/plugin/module.h"

namespace dunlin {

// A share of the connections, the same ones for as long as they live: whoever logs in again meets the same module.
inline bool is_canary(const ModuleSet::ChainStep& step, ClientId id) {
  if (step.canary.percent == 0) return false;
  std::uint64_t mixed = id.value() * 0x9e3779b97f4a7c15u;  // ids are near to one another
  mixed ^= mixed >> 32;
  return mixed % 100 < step.canary.percent;
}

}  // namespace dunlin
