// SPDX-License-Identifier: Apache-2.0
// The two clocks: steady milliseconds for deadlines, Unix milliseconds for what people and tokens mean by time.
#pragma once

#include <chrono>
#include <cstdint>

namespace dunlin {

using Millis = std::chrono::milliseconds;

inline std::int64_t steady_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline std::int64_t unix_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace dunlin
