// SPDX-License-Identifier: Apache-2.0
// CHECK(condition): a broken invariant stops the process, saying which and where. Never for bad input.
#pragma once

namespace dunlin {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace dunlin

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::dunlin::check_failed(#condition, __FILE__, __LINE__))
