// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace dunlin {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "dunlin: %s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace dunlin
