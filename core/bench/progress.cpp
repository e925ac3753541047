// SPDX-License-Identifier: Apache-2.0
#include "core/bench/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "core/base/clock.h"

namespace dunlin::bench {

Progress::Progress(bool quiet) : wanted_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::show(std::string_view what, double share) {
  constexpr int kWidth = 40;
  if (!wanted_ || steady_ms() < next_ms_) return;
  next_ms_ = steady_ms() + 100;
  shown_ = true;
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kWidth);
  const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                          std::string(static_cast<std::size_t>(kWidth - filled), '.');
  std::fputs(fmt::format("\r\033[K{:<16} [{}] {:3.0f} %", what, bar, share * 100).c_str(), stderr);
}

}  // namespace dunlin::bench
