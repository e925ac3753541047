// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/metrics.h"

namespace dunlin {

// Samples of several workers in the Prometheus text format: those of one name and labels are added up.
std::string metrics_text(const std::vector<Sample>& samples);

}  // namespace dunlin
