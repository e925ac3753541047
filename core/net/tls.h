// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.h"
#include "core/config/config.h"

namespace dunlin {

// Can this certificate and key be served? The error names the file and says what is wrong with it.
Status check_tls(const Tls& tls);

}  // namespace dunlin
